package pickle

import "github.com/rqgo/rq/internal/py"

// A nameKind says which of the strings of a global are objects of their own.
// The names of what is written in Python are interned, so they are one object
// with any equal string. CPython 3.11 makes those of its C types and functions
// anew for each use: {"date": d} has the word "date" twice.
type nameKind uint8

const (
	internedName   nameKind = iota
	ownName                 // the name is a string of its own
	ownStrings              // and so is the module
	builtinStrings          // the module is the one that all built-in functions share
)

// ownNameModules are modules of C code, whose names are all ownName.
var ownNameModules = map[string]bool{
	"_codecs": true, "_functools": true, "_operator": true, "builtins": true,
	"datetime": true, "decimal": true, "itertools": true, "math": true,
}

// nameKinds are the names whose kind does not follow from their module.
var nameKinds = map[py.Global]nameKind{
	{Module: "collections", Name: "OrderedDict"}: ownName,
	{Module: "collections", Name: "defaultdict"}: ownName,
	{Module: "collections", Name: "deque"}:       ownName,
	{Module: "types", Name: "SimpleNamespace"}:   ownName,
	{Module: "zoneinfo", Name: "ZoneInfo"}:       ownName,
	{Module: "array", Name: "array"}:             ownStrings,
	{Module: "functools", Name: "partial"}:       ownStrings,
	{Module: "operator", Name: "attrgetter"}:     ownStrings,
	{Module: "operator", Name: "itemgetter"}:     ownStrings,
	{Module: "operator", Name: "methodcaller"}:   ownStrings,
}

func init() {
	for _, name := range []string{
		"abs", "all", "any", "ascii", "bin", "callable", "chr", "compile", "delattr", "dir",
		"divmod", "eval", "exec", "format", "getattr", "globals", "hasattr", "hash", "hex",
		"id", "input", "isinstance", "issubclass", "iter", "len", "locals", "max", "min",
		"next", "oct", "ord", "pow", "print", "repr", "round", "setattr", "sorted", "sum", "vars",
	} {
		nameKinds[py.Global{Module: "builtins", Name: name}] = builtinStrings
	}
}

func nameKindOf(g py.Global) nameKind {
	if kind, ok := nameKinds[g]; ok {
		return kind
	}
	if ownNameModules[g.Module] {
		return ownName
	}
	return internedName
}
