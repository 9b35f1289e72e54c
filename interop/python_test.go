package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redistest"
)

// pythonTimeout bounds one request to a Python process.
const pythonTimeout = 60 * time.Second

// A python is a Python process with one version of RQ, lent to one test. Its
// code sees the names of testdata/lab/driver.py: connection, q, Queue, Job,
// Retry, work, view, tasks and so on.
type python struct {
	version string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *os.File
	lines   *bufio.Reader
	log     *os.File
}

// newPython lends t a Python process of an RQ version, with a fresh namespace
// on rdb's database. It goes back to the pool when t ends. One test uses it
// from one goroutine at a time.
func newPython(t testing.TB, version string, rdb *redis.Client) *python {
	t.Helper()
	p, err := drivers.take(version)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.open(rdb); err != nil {
		p.close()
		t.Fatal(err)
	}
	t.Cleanup(func() { drivers.put(p) })
	return p
}

// open gives the process a fresh namespace on rdb's database.
func (p *python) open(rdb *redis.Client) error {
	var version string
	if err := p.call(map[string]string{"op": "open", "url": redistest.URL(rdb)}, &version); err != nil {
		return err
	}
	if version != p.version {
		return fmt.Errorf("the environment of RQ %s has RQ %s", p.version, version)
	}
	return nil
}

// try runs Python statements and returns the traceback of what they raise.
func (p *python) try(code string) error {
	return p.call(map[string]string{"op": "exec", "code": code}, nil)
}

// exec runs Python statements.
func (p *python) exec(t testing.TB, code string) {
	t.Helper()
	if err := p.try(code); err != nil {
		t.Fatalf("RQ %s: %s\n%v", p.version, code, err)
	}
}

// eval sets out to the value of a Python expression, as JSON has it; bytes
// are base64, so they read into a []byte.
func (p *python) eval(t testing.TB, expr string, out any) {
	t.Helper()
	if err := p.call(map[string]string{"op": "eval", "code": expr}, out); err != nil {
		t.Fatalf("RQ %s: %s\n%v", p.version, expr, err)
	}
}

// call sends one request and reads its answer.
func (p *python) call(request map[string]string, out any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if err := p.out.SetReadDeadline(time.Now().Add(pythonTimeout)); err != nil {
		return err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return p.died(err)
	}
	reply, err := p.lines.ReadBytes('\n')
	if err != nil {
		return p.died(err)
	}
	var answer struct {
		Value json.RawMessage
		Error string
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return fmt.Errorf("read %q from Python: %w", reply, err)
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, out)
}

// died explains a process that no longer answers by its last words.
func (p *python) died(err error) error {
	log, _ := os.ReadFile(p.log.Name())
	return fmt.Errorf("python does not answer: %w\n%s", err, log)
}

func startPython(version string) (*python, error) {
	p := &python{version: version}
	var err error
	if p.log, err = os.CreateTemp("", "rq-python-"); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(fmt.Sprintf(pythonOf, lab.dir, version), "-u", tasksDir+"/driver.py")
	p.cmd.Stderr = p.log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	var theirs *os.File
	if p.out, theirs, err = os.Pipe(); err != nil {
		return nil, err
	}
	defer theirs.Close()
	p.cmd.Stdout = theirs
	p.lines = bufio.NewReader(p.out)
	return p, p.cmd.Start()
}

// close ends the process, which stops at the end of its input.
func (p *python) close() {
	p.in.Close()
	p.out.Close()
	late := time.AfterFunc(5*time.Second, func() { p.cmd.Process.Kill() })
	p.cmd.Wait()
	late.Stop()
	p.log.Close()
	os.Remove(p.log.Name())
}

// drivers keeps idle Python processes, because starting one costs more than
// most tests.
var drivers = driverPool{idle: map[string][]*python{}}

type driverPool struct {
	mu   sync.Mutex
	idle map[string][]*python // by version
}

func (d *driverPool) take(version string) (*python, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.idle[version]); n > 0 {
		p := d.idle[version][n-1]
		d.idle[version] = d.idle[version][:n-1]
		return p, nil
	}
	return startPython(version)
}

// put takes a process back, unless it no longer answers.
func (d *driverPool) put(p *python) {
	if p.try("pass") != nil {
		p.close()
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle[p.version] = append(d.idle[p.version], p)
}

func (d *driverPool) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, idle := range d.idle {
		for _, p := range idle {
			p.close()
		}
	}
	clear(d.idle)
}
