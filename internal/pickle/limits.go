package pickle

import "github.com/rqgo/rq/internal/py"

// Limits bound what a pickle may cost. A field that is zero has its default.
type Limits struct {
	// Depth is how many containers may hold one another. Default: py.MaxDepth.
	Depth int
	// Memo is how many objects a pickle may number. Default: 16 million.
	Memo int
	// Memory is roughly how many bytes the values may take. What is shared counts once.
	// Default: 1 MiB and 128 times the input. Pickles that CPython writes stay well
	// under that. Only crafted ones exceed it, which copy one large value again and
	// again, or have a key made of many others.
	Memory int
}

const (
	defaultMemo   = 16 << 20
	memoryBase    = 1 << 20
	memoryPerByte = 128
)

func (l Limits) orDefaults(input int) Limits {
	if l.Depth <= 0 {
		l.Depth = py.MaxDepth
	}
	if l.Memo <= 0 {
		l.Memo = defaultMemo
	}
	if l.Memory <= 0 {
		l.Memory = memoryBase + memoryPerByte*input
	}
	return l
}

// What values cost, in bytes of memory, rounded up.
const (
	costValue  = 16 // an interface, on the stack or in a container
	costItem   = 64 // an entry of a dict or set, with its index
	costBox    = 24 // a slice or string header behind an interface
	costDict   = 64
	costObject = 176
)
