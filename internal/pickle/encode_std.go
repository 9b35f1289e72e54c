package pickle

import (
	"math/big"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// saveUUID writes what UUID.__getstate__ returns: the number as a dict. CPython
// adds is_safe for the UUIDs that uuid1 makes, which Go cannot know of.
func (e *encoder) saveUUID(u uuid.UUID) {
	e.saveClass("uuid", "UUID")
	e.boundary()
	e.op(opEmptyTuple)
	e.op(opNewObj)
	e.memoize()
	e.boundary()
	e.op(opEmptyDict)
	e.memoize()
	e.boundary()
	_ = e.saveText("int") // is ASCII
	e.boundary()
	_ = e.saveBig(new(big.Int).SetBytes(u[:])) // is small
	e.op(opSetItem)
	e.op(opBuild)
}

func (e *encoder) saveDecimal(d py.Decimal) error {
	if !validDecimal(string(d)) {
		return &EncodeError{Value: "py.Decimal " + string(d[:min(len(d), 40)]), Reason: errNotNumber}
	}
	e.saveClass("decimal", "Decimal")
	e.saveFreshText(string(d))
	e.call(opTuple1)
	return nil
}

// savePath writes the parts. pathlib interns them, except the root of two slashes,
// which is a new string for every path.
func (e *encoder) savePath(p py.Path) error {
	e.saveClass("pathlib", "PosixPath")
	e.boundary()
	parts := pathParts(string(p))
	if len(parts) > 3 {
		e.op(opMark)
	}
	for _, part := range parts {
		e.boundary()
		if part == "//" {
			e.saveFreshText(part)
		} else if err := e.saveText(part); err != nil {
			return err
		}
	}
	if len(parts) == 0 {
		e.op(opEmptyTuple)
	} else {
		e.op(tupleOp(len(parts)))
		e.memoize()
	}
	e.op(opReduce)
	e.memoize()
	return nil
}
