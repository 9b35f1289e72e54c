package py

import (
	"math/big"
	"time"

	"github.com/google/uuid"
)

// TypeName returns the Python type of a value, as in "str" or "datetime.datetime". For
// an *Object it is the class that made it, if it was a class. For a value that From
// refuses it is the Go type.
func TypeName(v any) string {
	canonical, err := From(v)
	if err != nil {
		return goType(v)
	}
	switch v := canonical.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case complex128:
		return "complex"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case ByteArray:
		return "bytearray"
	case Global:
		return "type"
	case *Object:
		if name := v.Class(); name != "" {
			return name
		}
		return "object"
	}
	return containerName(canonical)
}

func containerName(v any) string {
	switch v.(type) {
	case []any:
		return "list"
	case Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *OrderedDict:
		return "collections.OrderedDict"
	case *DefaultDict:
		return "collections.defaultdict"
	case *Set:
		return "set"
	case *FrozenSet:
		return "frozenset"
	case Range:
		return "range"
	case time.Time, DateTime:
		return "datetime.datetime"
	case Date:
		return "datetime.date"
	case TimeOfDay:
		return "datetime.time"
	case time.Duration, TimeDelta:
		return "datetime.timedelta"
	case Decimal:
		return "decimal.Decimal"
	case uuid.UUID:
		return "uuid.UUID"
	case Path:
		return "pathlib.PosixPath"
	}
	return goType(v)
}
