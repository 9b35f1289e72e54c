// Package pickle reads every protocol of Python's pickle without running any
// of it, and writes protocols 4 and 5 with the bytes of CPython's own pickler.
//
// Values are those of package py. A call, a class or an instance that Go has no type
// for is a *py.Object: data about how it was built.
//
// # Identity
//
// Python's pickler writes an object once and refers to it after that, so the
// bytes depend on which values are one object. Append decides so:
//
//   - equal strings are one object, as the literals and names of a Python
//     program are;
//   - []byte, []any, py.Tuple and the other slices are one object when they
//     share their first element, their length and their type. As in Python,
//     the empty tuple is not remembered, and b"" and bytes of one byte are
//     singletons. Other empty slices are an object each time;
//   - *py.Dict, *py.Set, *py.Object and the other pointers are one object when
//     they are one pointer;
//   - a py.Global is one object wherever it occurs. The names of classes
//     written in C are strings of their own, as they are in CPython 3.11;
//   - UTC is one object. Another time zone is one object per *time.Location
//     and offset;
//   - everything else (Decimal, UUID, times, big integers, what py.From had to
//     convert) is a new object each time.
//
// # What is not kept
//
// A time.Time is written with datetime.timezone, so a ZoneInfo or the name of
// a timezone does not survive decoding and encoding; the instant and the
// offset do. Also lost are is_safe of a UUID, attributes set on an
// OrderedDict, and a fold where the zone has no use for it.
package pickle
