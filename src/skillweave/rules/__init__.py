"""The rules about what a source file says, one file per family; each rule is a function from facts to problems."""
