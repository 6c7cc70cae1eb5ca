x󠁁
