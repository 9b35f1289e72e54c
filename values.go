package rq

import "github.com/rqgo/rq/internal/py"

// Python's values that Go has no type of its own for. Arguments, results and
// meta that were written by Python are made of these and of nil, bool, int64,
// *big.Int, float64, complex128, string, []byte, []any, time.Time,
// time.Duration and uuid.UUID. Any of them can also be an argument or a result.
type (
	// A Tuple is a Python tuple.
	Tuple = py.Tuple
	// A Dict is a Python dict: in order, with any hashable key.
	Dict = py.Dict
	// An Item is one key and value of a Dict.
	Item = py.Item
	// An OrderedDict is a collections.OrderedDict.
	OrderedDict = py.OrderedDict
	// A DefaultDict is a collections.defaultdict.
	DefaultDict = py.DefaultDict
	// A Set is a Python set.
	Set = py.Set
	// A FrozenSet is a Python frozenset.
	FrozenSet = py.FrozenSet
	// A ByteArray is a Python bytearray.
	ByteArray = py.ByteArray
	// A Decimal is a decimal.Decimal, as its text.
	Decimal = py.Decimal
	// A Path is a pathlib.Path.
	Path = py.Path
	// A Range is a Python range.
	Range = py.Range
	// A Date is a datetime.date.
	Date = py.Date
	// A DateTime is a datetime.datetime that time.Time cannot say, as one without a zone.
	DateTime = py.DateTime
	// A TimeOfDay is a datetime.time.
	TimeOfDay = py.TimeOfDay
	// A TimeDelta is a datetime.timedelta that is too long for time.Duration.
	TimeDelta = py.TimeDelta
	// A Global is a Python class or function, by reference.
	Global = py.Global
	// A PyObject is any other Python value: how it was built, never run.
	PyObject = py.Object
)

// NewDict returns a Dict of items. It fails when a key is not hashable in Python.
func NewDict(items ...Item) (*Dict, error) { return py.NewDict(items...) }

// NewSet returns a Set of values. It fails when one is not hashable in Python.
func NewSet(values ...any) (*Set, error) { return py.NewSet(values...) }

// NewFrozenSet returns a FrozenSet of values. It fails when one is not hashable
// in Python.
func NewFrozenSet(values ...any) (*FrozenSet, error) { return py.NewFrozenSet(values...) }
