package rq

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// allOptions are the types of all options as the compiler sees them.
var allOptions = map[string]reflect.Type{
	"JobID": resultOf(JobID), "Description": resultOf(Description), "Timeout": resultOf(Timeout),
	"ResultTTL": resultOf(ResultTTL), "TTL": resultOf(TTL), "FailureTTL": resultOf(FailureTTL),
	"Meta": resultOf(Meta), "DependsOn": resultOf(DependsOn), "Group": resultOf(Group),
	"OnSuccess": resultOf(OnSuccess), "OnFailure": resultOf(OnFailure), "OnStopped": resultOf(OnStopped),
	"AtFront": resultOf(AtFront), "Unique": resultOf(Unique), "Pipeline": resultOf(Pipeline),
	"Progress": resultOf(Progress), "OnSkip": resultOf(OnSkip), "LatestFirst": resultOf(LatestFirst),
	"WithSerializer": resultOf(WithSerializer), "Fleet": resultOf(Fleet),
	"QueueTimeout": resultOf(QueueTimeout), "Sync": resultOf(Sync),
	"EnqueueDependents": resultOf(EnqueueDependents), "RemoveFromDependencies": resultOf(RemoveFromDependencies),
	"Retry": reflect.TypeFor[Retry](), "Repeat": reflect.TypeFor[Repeat](), "RateLimit": reflect.TypeFor[RateLimit](),
	"Dependency": reflect.TypeFor[Dependency](), "Webhook": reflect.TypeFor[Webhook](),
}

// describing are the options that say what a job is.
var describing = []string{
	"JobID", "Description", "Timeout", "ResultTTL", "TTL", "FailureTTL", "Meta", "DependsOn", "Group",
	"OnSuccess", "OnFailure", "OnStopped", "Retry", "Repeat", "RateLimit", "Dependency", "Webhook",
}

// callOptions names the options of each call that takes any.
var callOptions = map[string]struct {
	call  any
	takes []string
}{
	"Queue.Enqueue":        {(*Queue).Enqueue, withOptions("AtFront", "Unique", "Pipeline")},
	"Queue.EnqueueAt":      {(*Queue).EnqueueAt, withOptions("AtFront", "Unique", "Pipeline")},
	"Queue.EnqueueIn":      {(*Queue).EnqueueIn, withOptions("AtFront", "Unique", "Pipeline")},
	"Prepare":              {Prepare, withOptions("AtFront")},
	"Queue.CreateJob":      {(*Queue).CreateJob, describing},
	"CreateJob":            {CreateJob, withOptions("WithSerializer", "Fleet")},
	"Queue.EnqueueJob":     {(*Queue).EnqueueJob, []string{"AtFront", "Unique", "Pipeline"}},
	"Queue.ScheduleJob":    {(*Queue).ScheduleJob, []string{"AtFront", "Unique", "Pipeline"}},
	"Queue.EnqueueMany":    {(*Queue).EnqueueMany, []string{"Group", "Pipeline"}},
	"Job.Requeue":          {(*Job).Requeue, []string{"AtFront"}},
	"Registry.Requeue":     {(*Registry).Requeue, []string{"AtFront"}},
	"Registry.RequeueMany": {(*Registry).RequeueMany, []string{"AtFront", "Progress", "OnSkip"}},
	"Registry.RequeueAll":  {(*Registry).RequeueAll, []string{"AtFront", "Progress", "OnSkip"}},
	"Registry.RemoveAll":   {(*Registry).RemoveAll, []string{"Progress", "OnSkip"}},
	"Registry.DeleteAll":   {(*Registry).DeleteAll, []string{"Progress", "OnSkip"}},
	"Registry.JobIDs":      {(*Registry).JobIDs, []string{"LatestFirst"}},
	"Registry.Range":       {(*Registry).Range, []string{"LatestFirst"}},
	"DeleteJobs":           {DeleteJobs, []string{"Progress", "OnSkip"}},
	"CancelJobs":           {CancelJobs, []string{"Progress", "OnSkip"}},
	"Queue.Empty":          {(*Queue).Empty, []string{"Progress"}},
	"PruneOrphans":         {PruneOrphans, []string{"Progress"}},
	"Job.Cancel":           {(*Job).Cancel, []string{"EnqueueDependents", "RemoveFromDependencies"}},
	"NewQueue":             {NewQueue, []string{"QueueTimeout", "Sync", "WithSerializer", "Fleet"}},
	"AllQueues":            {AllQueues, []string{"QueueTimeout", "Sync", "WithSerializer", "Fleet"}},
	"FetchJob":             {FetchJob, []string{"WithSerializer", "Fleet"}},
}

func resultOf(f any) reflect.Type { return reflect.TypeOf(f).Out(0) }

func withOptions(names ...string) []string { return slices.Concat(describing, names) }

// TestOptionsCompileWhereTheyMakeSense checks for each call that the options it
// takes are assignable to its parameter, and that no other option is.
func TestOptionsCompileWhereTheyMakeSense(t *testing.T) {
	t.Parallel()
	for name, c := range callOptions {
		f := reflect.TypeOf(c.call)
		require.True(t, f.IsVariadic(), name)
		param := f.In(f.NumIn() - 1).Elem()
		for option, typ := range allOptions {
			assert.Equal(t, slices.Contains(c.takes, option), typ.AssignableTo(param), "%s with %s", name, option)
		}
	}
}

// TestAllCallsWithOptionsAreChecked reads the package's source, so that neither a
// call nor an option can be missing from the tables above.
func TestAllCallsWithOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, f := range exportedFuncs(t) {
		if _, option := allOptions[strings.TrimSuffix(name, ".apply")]; strings.HasSuffix(name, ".apply") {
			typ := strings.TrimSuffix(name, ".apply")
			assert.True(t, option || strings.HasSuffix(typ, "Option"), "option %s", typ)
			continue
		}
		if out := f.Type.Results; out != nil && len(out.List) == 1 && f.Recv == nil && isOptionType(out.List[0].Type) {
			assert.Contains(t, allOptions, name)
		}
		params := f.Type.Params.List
		if len(params) == 0 {
			continue
		}
		if last, ok := params[len(params)-1].Type.(*ast.Ellipsis); ok && isOptionType(last.Elt) {
			assert.Contains(t, callOptions, name)
		}
	}
}

func isOptionType(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.IsExported() && strings.HasSuffix(id.Name, "Option")
}

// exportedFuncs returns the functions of the package that users can call, and the
// apply methods of exported types, by name.
func exportedFuncs(t *testing.T) map[string]*ast.FuncDecl {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	require.NoError(t, err)
	funcs := make(map[string]*ast.FuncDecl)
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name := f.Name.Name
			exported := f.Name.IsExported()
			if f.Recv != nil {
				recv := strings.TrimPrefix(exprName(f.Recv.List[0].Type), "*")
				exported = ast.IsExported(recv) && (exported || name == "apply")
				name = recv + "." + name
			}
			if exported {
				funcs[name] = f
			}
		}
	}
	return funcs
}

// exprName returns the name of a type as it is written.
func exprName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + exprName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// TestNoBareBools checks that no call of the package is given a bool, whose meaning
// a reader of the call cannot see, and that errors are returned last.
func TestNoBareBools(t *testing.T) {
	t.Parallel()
	for name, f := range exportedFuncs(t) {
		for _, p := range f.Type.Params.List {
			assert.NotEqual(t, "bool", exprName(p.Type), name)
		}
		if f.Type.Results == nil {
			continue
		}
		results := f.Type.Results.List
		for i, r := range results {
			assert.False(t, exprName(r.Type) == "error" && i < len(results)-1, name)
		}
	}
}
