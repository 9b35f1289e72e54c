package main

import (
	"bufio"
	_ "embed" // for the script
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

//go:embed peer.py
var peerScript string

// A peer is the Python process, driven line by line.
type peer struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *bufio.Reader
}

func startPeer(python string, port, db int) (*peer, error) {
	cmd := exec.Command(python, "-c", peerScript, strconv.Itoa(port), strconv.Itoa(db))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &peer{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// ask has one command executed and returns its answer.
func (p *peer) ask(command string) (string, error) {
	if _, err := fmt.Fprintln(p.in, command); err != nil {
		return "", err
	}
	answer, err := p.answers.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the Python side ended at %q: %w", command, err)
	}
	return strings.TrimSpace(answer), nil
}

// time has a command executed that answers how long it took.
func (p *peer) time(command string, n int) (time.Duration, error) {
	answer, err := p.ask(fmt.Sprint(command, " ", n))
	if err != nil {
		return 0, err
	}
	seconds, err := strconv.ParseFloat(answer, 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (p *peer) close() {
	p.in.Close()
	_ = p.cmd.Wait()
}
