// Flatten with hercule: its library in one process, one file after the other.
const fs = require("fs");
const path = require("path");
const [root, out] = process.argv.slice(2);
const { transcludeFile } = require(require.resolve("hercule/promises", { paths: [process.env.HERCULE] }));

async function main() {
  for (const name of fs.readdirSync(path.join(root, "skills")).sort()) {
    const { output } = await transcludeFile(path.join(root, "skills", name, "SKILL.md"));
    fs.mkdirSync(path.join(out, "skills", name), { recursive: true });
    fs.writeFileSync(path.join(out, "skills", name, "SKILL.md"), output);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
