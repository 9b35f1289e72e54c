package py

import (
	"fmt"
	"reflect"
	"time"
)

// hashOther hashes the types whose equality is Go's own: instants compare by
// the moment they stand for, objects by identity.
func hashOther(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return instantKey(v.UnixMicro()), nil
	case time.Duration:
		return v, nil
	case DateTime, TimeOfDay, *Object:
		return v, nil // a TZ is nil or a pointer, so these compare
	}
	if t := reflect.TypeOf(v); t.Kind() == reflect.Array && t.Comparable() {
		return v, nil // uuid.UUID
	}
	return nil, fmt.Errorf("%w of type %T", ErrUnhashable, v)
}

type instantKey int64
