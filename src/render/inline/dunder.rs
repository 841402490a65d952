//! The names that Python and C write between double underscores: `__init__`, `__FILE__`.

/// The names, in order.
#[rustfmt::skip]
const NAMES: [&str; 116] = [
    "APPLE", "CLASS", "DATE", "DIR", "FILE", "FUNCTION", "GNUC", "LINE", "METHOD", "NAMESPACE", "TIME",
    "abs", "add", "aenter", "aexit", "all", "and", "anext", "annotations", "args", "asm", "attribute",
    "await", "bool", "bytes", "call", "ceil", "class", "complex", "contains", "copy", "debug", "defaults",
    "del", "delattr", "delete", "delitem", "dict", "dir", "dirname", "doc", "enter", "eq", "exit", "file",
    "filename", "float", "floor", "format", "func", "future", "ge", "get", "getattr", "getattribute",
    "getitem", "getstate", "globals", "gt", "hash", "iadd", "import", "index", "init", "int", "invert",
    "iter", "le", "len", "linux", "loader", "lt", "main", "missing", "mod", "module", "mro", "mul", "name",
    "ne", "neg", "new", "next", "or", "package", "path", "pos", "post", "pow", "proto", "pycache",
    "qualname", "radd", "reduce", "repr", "restrict", "reversed", "round", "self", "set", "setattr",
    "setitem", "setstate", "slots", "spec", "str", "sub", "subclasses", "tests", "truediv", "typename",
    "unix", "version", "weakref", "wrapped", "xor",
];

/// Whether this is such a name, without its underscores.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}
