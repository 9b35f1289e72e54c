package pickle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

// table has rows as dicts, as a data frame's to_dict("records") does: the names
// of all columns come again in each row.
func table(t *testing.T, columns, length, rows int) []any {
	t.Helper()
	names := make([]string, columns)
	for i := range names {
		names[i] = fmt.Sprintf("%02d", i) + strings.Repeat("x", length-2)
	}
	list := make([]any, rows)
	for r := range list {
		row := &py.Dict{}
		for i, n := range names {
			require.NoError(t, row.Set(n, (r+i)%2 == 0))
		}
		list[r] = row
	}
	return list
}

// TestWideRows reads tables whose rows cost a few bytes for each long name. The
// memory that this takes must not depend on how long the names are.
func TestWideRows(t *testing.T) {
	for _, size := range []struct{ columns, length, rows int }{
		{20, 2000, 200}, {20, 1000, 400}, {20, 500, 600}, {20, 400, 1500},
		{8, 2000, 2000}, {20, 2000, 2000}, {4, 20_000, 2000},
	} {
		t.Run(fmt.Sprintf("%d columns of %d bytes in %d rows", size.columns, size.length, size.rows), func(t *testing.T) {
			want := table(t, size.columns, size.length, size.rows)
			data, err := pickle.Encode(want)
			require.NoError(t, err)

			before := allocated()
			v, err := pickle.Decode(data)
			used := allocated() - before

			require.NoError(t, err)
			require.Less(t, used, uint64(1<<20+128*len(data)))
			rows := v.([]any)
			require.Len(t, rows, size.rows)
			require.Equal(t, want[size.rows-1].(*py.Dict).Items(), rows[size.rows-1].(*py.Dict).Items())

			short, err := pickle.Encode(table(t, size.columns, 300, size.rows))
			require.NoError(t, err)
			before = allocated()
			_, err = pickle.Decode(short)
			require.NoError(t, err)
			names := uint64(size.columns * size.length)
			require.Less(t, used, 2*(allocated()-before)+2*names, "the names count once")
		})
	}
}

// TestWideRowsAsMaps shares the names among Go maps as well.
func TestWideRowsAsMaps(t *testing.T) {
	data, err := pickle.Encode(table(t, 4, 50_000, 2000))
	require.NoError(t, err)
	v, err := pickle.Decode(data)
	require.NoError(t, err)

	var rows []map[string]bool
	before := allocated()
	require.NoError(t, py.Assign(&rows, v))

	require.Less(t, allocated()-before, uint64(16<<20), "8,000 names of 50,000 bytes are not copied")
	require.Len(t, rows, 2000)
	require.Len(t, rows[1999], 4)
}

// TestHostileRows has the same shape with a key of megabytes in many rows.
// Python reads it, since it hashes a str once, and so is it here.
func TestHostileRows(t *testing.T) {
	const key, rows = 4 << 20, 200_000
	data := []byte("\x80\x04" + text(key) + "0](" + strings.Repeat("}h\x00\x88s", rows) + "e.")

	before := allocated()
	v, err := pickle.Decode(data)

	require.NoError(t, err)
	require.Len(t, v, rows)
	require.Less(t, allocated()-before, uint64(1<<20+128*len(data)))
}
