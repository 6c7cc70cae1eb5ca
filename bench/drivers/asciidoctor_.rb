# Flatten with Asciidoctor: its preprocessing reader alone, without parsing or converting.
require "asciidoctor"
require "fileutils"

root, out = ARGV
Dir.glob("#{root}/skills/*/SKILL.md").sort.each do |skill|
  options = { base_dir: File.dirname(skill), safe: :unsafe, attributes: { "max-include-depth" => "64" } }
  document = Asciidoctor::Document.new(File.readlines(skill, encoding: "utf-8"), options)
  target = skill.sub(root, out)
  FileUtils.mkdir_p(File.dirname(target))
  File.write(target, document.reader.read)
end
