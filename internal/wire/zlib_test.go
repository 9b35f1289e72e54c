package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inputs are of all sizes around the limits between the ways to compress.
func inputs() [][]byte {
	rng := rand.NewChaCha8([32]byte{1})
	var all [][]byte
	for _, n := range []int{0, 1, 2, 16, 41, tinyInput - 1, tinyInput, tinyInput + 1, 300, smallInput, smallInput + 1, 100_000} {
		random := make([]byte, n)
		_, _ = rng.Read(random)
		all = append(all, random, bytes.Repeat([]byte("abcd"), n/4+1)[:n], make([]byte, n))
	}
	return all
}

func TestInflateUndoesDeflate(t *testing.T) {
	t.Parallel()
	for _, in := range inputs() {
		z := Deflate(in)
		require.Equal(t, []byte{0x78, 0x9c}, z[:2])
		got, err := Inflate(z)
		require.NoError(t, err)
		require.True(t, bytes.Equal(in, got), "%d bytes", len(in))
	}
}

func TestDeflateOfNothingIsPythons(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "789c030000000001", hex.EncodeToString(Deflate(nil)))
	assert.Equal(t, "789c030000000001", hex.EncodeToString(Deflate([]byte{})))
}

// TestDeflateIsReadByLivePython has Python inflate what Go deflated.
func TestDeflateIsReadByLivePython(t *testing.T) {
	t.Parallel()
	python := os.Getenv("RQ_LAB_PYTHON")
	if python == "" {
		t.Skip("RQ_LAB_PYTHON is not set; run make test")
	}
	var lines, want strings.Builder
	for _, in := range inputs() {
		fmt.Fprintln(&lines, base64.StdEncoding.EncodeToString(Deflate(in)))
		fmt.Fprintln(&want, base64.StdEncoding.EncodeToString(in))
	}
	const code = `
import base64, sys, zlib
for line in sys.stdin:
    print(base64.b64encode(zlib.decompress(base64.b64decode(line))).decode())
`
	cmd := exec.Command(python, "-c", code)
	cmd.Stdin = strings.NewReader(lines.String())
	got, err := cmd.CombinedOutput()
	require.NoError(t, err, string(got))
	assert.Equal(t, want.String(), string(got))
}

// TestInflateIsPythons has the verdicts of zlib.decompress.
func TestInflateIsPythons(t *testing.T) {
	t.Parallel()
	hello := []byte("\x78\x9c\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x90\x00\x3a\x2e\x06\x7d") // "hello hello hello"
	for name, z := range map[string][]byte{
		"level 6":           hello,
		"level 1":           append([]byte("\x78\x01"), hello[2:]...),
		"level 9":           append([]byte("\x78\xda"), hello[2:]...),
		"bytes that follow": append(bytes.Clone(hello), "rest"...),
	} {
		got, err := Inflate(z)
		require.NoError(t, err, name)
		assert.Equal(t, "hello hello hello", string(got), name)
	}
	flip := func(i int) []byte {
		z := bytes.Clone(hello)
		z[i] ^= 0x40
		return z
	}
	for name, z := range map[string][]byte{
		"empty": nil, "one byte": hello[:1], "only a header": hello[:2], "truncated": hello[:9], "without checksum": hello[:12],
		"cut checksum": hello[:15], "bad header": flip(1), "bad content": flip(3), "bad checksum": flip(15),
		"a pickle": []byte("\x80\x05K\x02."), "JSON": []byte(`["f", null, [], {}]`), "text": []byte("x\x9c"),
		"gzip": []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), "raw deflate": hello[2:12],
		"wants a dictionary": []byte("\x78\xbb\x00\x00\x00\x02\x03\x00\x00\x00\x00\x01"),
	} {
		_, err := Inflate(z)
		assert.ErrorIs(t, err, ErrNotDeflated, name)
	}
}

func TestInflateOfABomb(t *testing.T) {
	t.Parallel()
	bomb := Deflate(make([]byte, 1<<20))
	require.Less(t, len(bomb), 2048)

	got, err := inflate(bomb, 1<<20)
	require.NoError(t, err)
	assert.Len(t, got, 1<<20)

	_, err = inflate(bomb, 1<<20-1)
	require.ErrorIs(t, err, ErrTooLarge)

	_, err = inflate(bomb, 0)
	require.ErrorIs(t, err, ErrTooLarge)
}

// TestPooledWritersAreNotShared is for the race detector, and compares.
func TestPooledWritersAreNotShared(t *testing.T) {
	t.Parallel()
	all := inputs()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 3 {
				for _, in := range all {
					got, err := Inflate(Deflate(in))
					if err != nil || !bytes.Equal(in, got) {
						t.Errorf("%d bytes: %v", len(in), err)
					}
					_, _ = Inflate([]byte("\x78\x9c broken"))
				}
			}
		})
	}
	wg.Wait()
}
