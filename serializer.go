package rq

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pymsgpack"
)

// A Serializer turns calls, results and meta into bytes and back (rq/serializers.py
// Serializer). Redis does not say which serializer wrote a value, so both sides of a
// queue must be configured with the same one. It must be safe for concurrent use.
//
// Dumps gets a job's call as a Tuple of four values, and results and meta as the user
// passed them. Loads must return a list or a tuple of four for a call.
type Serializer interface {
	Dumps(v any) ([]byte, error)
	Loads(data []byte) (any, error)
}

// Pickle is RQ's default serializer. It writes the bytes that CPython's pickle.dumps
// writes. Reading a pickle never runs code: an object without a Go type becomes a
// *PyObject.
type Pickle struct {
	// Protocol is 4 or 5. Python 3.7 cannot read 5. Default 5.
	Protocol int
}

// Dumps returns the pickle of v.
func (p Pickle) Dumps(v any) ([]byte, error) {
	protocol := p.Protocol
	if protocol == 0 {
		protocol = 5
	}
	return pickle.Append(nil, v, protocol)
}

// Loads reads a pickle of any protocol.
func (Pickle) Loads(data []byte) (any, error) { return pickle.Decode(data) }

// JSON is RQ's JSONSerializer, "rq worker -S json". It writes the bytes that
// Python's json.dumps writes.
type JSON struct{}

// Dumps returns v as JSON.
func (JSON) Dumps(v any) ([]byte, error) { return pyjson.Append(nil, v) }

// Loads reads JSON as Python's json.loads does, NaN and Infinity included.
func (JSON) Loads(data []byte) (any, error) { return pyjson.Decode(data) }

// MessagePack writes the bytes that Python's msgpack.packb writes, and reads those that
// msgpack.unpackb reads. RQ has no such serializer: in Python, pass a class with these
// two functions as dumps and loads.
type MessagePack struct{}

// Dumps returns v as MessagePack.
func (MessagePack) Dumps(v any) ([]byte, error) { return pymsgpack.Encode(v) }

// Loads reads MessagePack.
func (MessagePack) Loads(data []byte) (any, error) { return pymsgpack.Decode(data) }

func serializerName(s Serializer) string {
	switch s.(type) {
	case Pickle, *Pickle:
		return "pickle"
	case JSON, *JSON:
		return "JSON"
	case MessagePack, *MessagePack:
		return "MessagePack"
	}
	return fmt.Sprintf("%T", s)
}

// looksLike guesses which serializer wrote data, or returns "".
func looksLike(data []byte) string {
	text := bytes.TrimSpace(data)
	switch {
	case len(data) == 0:
		return ""
	case len(data) > 2 && data[0] == 0x80 && data[1] <= 5 && data[len(data)-1] == '.':
		return "pickle"
	case len(text) > 0 && bytes.IndexByte([]byte(`[{"-0123456789tfn`), text[0]) >= 0:
		if _, err := pyjson.Decode(text); err == nil {
			return "JSON"
		}
	case data[0] >= 0x80:
		if _, err := pymsgpack.Decode(data); err == nil {
			return "MessagePack"
		}
	}
	return ""
}

// loads reads one part of a job. A panic of the user's serializer becomes an error.
func loads(s Serializer, jobID, what string, data []byte) (v any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err != nil {
			v, err = nil, &DeserializeError{jobID, what, serializerName(s), looksLike(data), err}
		}
	}()
	return s.Loads(data)
}

// dumps writes one part of a job. A panic of the user's serializer becomes an error.
func dumps(s Serializer, what string, v any) (data []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if err == nil && len(data) == 0 {
			err = errors.New("the serializer returned no bytes")
		}
		if err != nil {
			data, err = nil, &SerializeError{what, serializerName(s), err}
		}
	}()
	return s.Dumps(v)
}

// A SerializerOption is made by WithSerializer. It is for NewQueue, AllQueues,
// CreateJob and FetchJob.
type SerializerOption struct{ serializer Serializer }

// WithSerializer sets the serializer of a queue, or of a job that is created or
// fetched without a queue. The default is Pickle, also for nil.
func WithSerializer(s Serializer) SerializerOption { return SerializerOption{s} }

func (o SerializerOption) apply(s *settings) { s.serializer = o.serializer }
func (SerializerOption) forCreate()          {}

func (o SerializerOption) applyFetch(j *Job) error {
	j.serializer = orPickle(o.serializer)
	return nil
}

func (o SerializerOption) applyQueue(q *Queue) { q.serializer = orPickle(o.serializer) }

func orPickle(s Serializer) Serializer {
	if s == nil {
		return Pickle{}
	}
	return s
}
