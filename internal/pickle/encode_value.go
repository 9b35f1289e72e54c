package pickle

import (
	"math/big"
	"reflect"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// save writes one value.
func (e *encoder) save(v any) error {
	e.boundary()
	if len(e.buf) > maxPickle {
		return ErrTooLarge
	}
	switch v := v.(type) {
	case nil:
		e.op(opNone)
		return nil
	case bool:
		e.saveBool(v)
		return nil
	case int:
		e.saveInt(int64(v))
		return nil
	case int64:
		e.saveInt(v)
		return nil
	case float64:
		e.saveFloat(v)
		return nil
	case string:
		return e.saveText(v)
	case []byte:
		e.saveBytes(v)
		return nil
	}
	return e.saveNested(v)
}

// saveNested keeps the nesting of containers within py.MaxDepth.
func (e *encoder) saveNested(v any) error {
	if leaf(v) {
		return e.saveContainer(v)
	}
	if e.depth++; e.depth > py.MaxDepth {
		return tooDeep(v)
	}
	err := e.saveContainer(v)
	e.depth--
	return err
}

func (e *encoder) saveContainer(v any) error {
	switch v := v.(type) {
	case py.Tuple:
		return e.saveTuple(v)
	case []any:
		return e.saveList(v)
	case []string:
		return e.saveStrings(v)
	case *py.Dict:
		return e.saveDict(v)
	case *py.OrderedDict:
		return e.saveOrderedDict(v)
	case *py.DefaultDict:
		return e.saveDefaultDict(v)
	case *py.Set:
		return e.saveSet(v)
	case *py.FrozenSet:
		return e.saveFrozenSet(v)
	case *py.Object:
		return e.saveObject(v)
	}
	return e.saveNamed(v)
}

// saveNamed writes what CPython writes as the call of a class.
func (e *encoder) saveNamed(v any) error {
	switch v := v.(type) {
	case time.Time:
		return e.saveTime(v)
	case time.Duration:
		e.saveDuration(v)
		return nil
	case py.DateTime:
		return e.saveDateTime(v)
	case py.Date:
		return e.saveDate(v)
	case py.TimeOfDay:
		return e.saveTimeOfDay(v)
	case py.TimeDelta:
		return e.saveTimeDelta(v)
	case uuid.UUID:
		e.saveUUID(v)
		return nil
	case py.Decimal:
		return e.saveDecimal(v)
	case py.Path:
		return e.savePath(v)
	}
	return e.saveRare(v)
}

func (e *encoder) saveRare(v any) error {
	switch v := v.(type) {
	case py.Global:
		return e.saveGlobal(v)
	case py.Range:
		e.saveRange(v)
		return nil
	case py.ByteArray:
		e.saveByteArray(v)
		return nil
	case complex128:
		e.saveComplex(v)
		return nil
	case *big.Int:
		if v != nil {
			return e.saveBig(v)
		}
	}
	return e.saveForeign(v)
}

// saveForeign writes a Go value that is not one of py's, level by level.
func (e *encoder) saveForeign(v any) error {
	known, err := py.From(v)
	if err != nil {
		return err
	}
	if reflect.TypeOf(known) == reflect.TypeOf(v) {
		return &py.FromError{GoType: reflect.TypeOf(v).String(), Reason: py.ErrNoPython}
	}
	return e.save(known)
}
