package redistest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// readRequest reads a command.
func readRequest(r *bufio.Reader) (raw []byte, args []string, err error) {
	var all bytes.Buffer
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	all.WriteString(line)
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "*")))
	if err != nil {
		return nil, nil, fmt.Errorf("a request that begins with %q", line)
	}
	for range n {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, nil, err
		}
		size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$")))
		if err != nil {
			return nil, nil, fmt.Errorf("a word that begins with %q", line)
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return nil, nil, err
		}
		all.WriteString(line)
		all.Write(word)
		args = append(args, string(word[:size]))
	}
	args[0] = strings.ToLower(args[0])
	return all.Bytes(), args, nil
}

// copyReply copies one reply, of RESP2 or RESP3.
func copyReply(w io.Writer, r *bufio.Reader) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	if _, err := w.Write(line); err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$', '=', '!':
		if n < 0 {
			return nil
		}
		_, err := io.CopyN(w, r, int64(n)+2)
		return err
	case '%':
		n *= 2
	case '|':
		n = 2*n + 1
	case '*', '~', '>':
	default:
		return nil
	}
	for range n {
		if err := copyReply(w, r); err != nil {
			return err
		}
	}
	return nil
}
