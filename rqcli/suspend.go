package rqcli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) suspend() *cobra.Command {
	var seconds intFlag
	cmd := &cobra.Command{
		Use:   "suspend [--duration SECONDS]",
		Short: "Stop all workers from starting jobs",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := rq.Forever
			if cmd.Flags().Changed("duration") {
				if d = time.Duration(seconds) * time.Second; seconds < 1 {
					return usagef("Duration must be an integer greater than 1")
				}
			}
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			if err := rq.Suspend(cmd.Context(), rdb, d); err != nil {
				return err
			}
			if d == rq.Forever {
				fmt.Fprintln(cmd.OutOrStdout(), "Workers are suspended: running jobs finish, and no new ones start until `rq resume`.")
			} else {
				fmt.Fprintf(cmd.OutOrStdout(), "Workers are suspended for %d seconds: running jobs finish, and no new ones start.\n", seconds)
			}
			return nil
		},
	}
	cmd.Flags().Var(&seconds, "duration", "suspend for this many seconds (default until `rq resume`)")
	return cmd
}

func (a *app) resume() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "Resume suspended workers",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			was, err := rq.Resume(cmd.Context(), rdb)
			if err != nil {
				return err
			}
			if was {
				fmt.Fprintln(cmd.OutOrStdout(), "Workers are resumed.")
			} else {
				fmt.Fprintln(cmd.OutOrStdout(), "Workers were not suspended.")
			}
			return nil
		},
	}
}
