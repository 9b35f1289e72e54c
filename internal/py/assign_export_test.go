package py

import "reflect"

// AssignWithin is Assign with another limit on the number of elements.
func AssignWithin(limit int, dst, src any) error {
	a := assigner{left: limit}
	return a.assign(reflect.ValueOf(dst).Elem(), src)
}
