package pickle

import "github.com/rqgo/rq/internal/py"

// fixImport maps a name of Python 2 to that of Python 3. Protocols 0 to 2 contain names
// of Python 2, also when Python 3 writes them.
func fixImport(g py.Global) py.Global {
	if renamed, ok := renamedNames[g]; ok {
		return renamed
	}
	if module, ok := renamedModules[g.Module]; ok {
		g.Module = module
	}
	return g
}

var renamedNames = map[py.Global]py.Global{
	{Module: "__builtin__", Name: "basestring"}:              {Module: "builtins", Name: "str"},
	{Module: "__builtin__", Name: "intern"}:                  {Module: "sys", Name: "intern"},
	{Module: "__builtin__", Name: "long"}:                    {Module: "builtins", Name: "int"},
	{Module: "__builtin__", Name: "reduce"}:                  {Module: "functools", Name: "reduce"},
	{Module: "__builtin__", Name: "unichr"}:                  {Module: "builtins", Name: "chr"},
	{Module: "__builtin__", Name: "unicode"}:                 {Module: "builtins", Name: "str"},
	{Module: "__builtin__", Name: "xrange"}:                  {Module: "builtins", Name: "range"},
	{Module: "exceptions", Name: "StandardError"}:            {Module: "builtins", Name: "Exception"},
	{Module: "itertools", Name: "ifilter"}:                   {Module: "builtins", Name: "filter"},
	{Module: "itertools", Name: "ifilterfalse"}:              {Module: "itertools", Name: "filterfalse"},
	{Module: "itertools", Name: "imap"}:                      {Module: "builtins", Name: "map"},
	{Module: "itertools", Name: "izip"}:                      {Module: "builtins", Name: "zip"},
	{Module: "itertools", Name: "izip_longest"}:              {Module: "itertools", Name: "zip_longest"},
	{Module: "UserDict", Name: "IterableUserDict"}:           {Module: "collections", Name: "UserDict"},
	{Module: "multiprocessing", Name: "AuthenticationError"}: {Module: "multiprocessing.context", Name: "AuthenticationError"},
	{Module: "multiprocessing", Name: "BufferTooShort"}:      {Module: "multiprocessing.context", Name: "BufferTooShort"},
	{Module: "multiprocessing", Name: "ProcessError"}:        {Module: "multiprocessing.context", Name: "ProcessError"},
	{Module: "multiprocessing", Name: "TimeoutError"}:        {Module: "multiprocessing.context", Name: "TimeoutError"},
	{Module: "multiprocessing.process", Name: "Process"}:     {Module: "multiprocessing.context", Name: "Process"},
	{Module: "socket", Name: "_socketobject"}:                {Module: "socket", Name: "SocketType"},
	{Module: "urllib", Name: "ContentTooShortError"}:         {Module: "urllib.error", Name: "ContentTooShortError"},
	{Module: "urllib", Name: "quote"}:                        {Module: "urllib.parse", Name: "quote"},
	{Module: "urllib", Name: "quote_plus"}:                   {Module: "urllib.parse", Name: "quote_plus"},
	{Module: "urllib", Name: "unquote"}:                      {Module: "urllib.parse", Name: "unquote"},
	{Module: "urllib", Name: "unquote_plus"}:                 {Module: "urllib.parse", Name: "unquote_plus"},
	{Module: "urllib", Name: "urlencode"}:                    {Module: "urllib.parse", Name: "urlencode"},
	{Module: "urllib", Name: "urlopen"}:                      {Module: "urllib.request", Name: "urlopen"},
	{Module: "urllib", Name: "urlretrieve"}:                  {Module: "urllib.request", Name: "urlretrieve"},
	{Module: "urllib2", Name: "HTTPError"}:                   {Module: "urllib.error", Name: "HTTPError"},
	{Module: "urllib2", Name: "URLError"}:                    {Module: "urllib.error", Name: "URLError"},
}

var renamedModules = map[string]string{
	"__builtin__":    "builtins",
	"_abcoll":        "collections.abc",
	"BaseHTTPServer": "http.server",
	"commands":       "subprocess",
	"ConfigParser":   "configparser",
	"Cookie":         "http.cookies",
	"cookielib":      "http.cookiejar",
	"copy_reg":       "copyreg",
	"cPickle":        "pickle",
	"cStringIO":      "io",
	"exceptions":     "builtins",
	"HTMLParser":     "html.parser",
	"htmlentitydefs": "html.entities",
	"httplib":        "http.client",
	"Queue":          "queue",
	"repr":           "reprlib",
	"SocketServer":   "socketserver",
	"StringIO":       "io",
	"thread":         "_thread",
	"urllib2":        "urllib.request",
	"urlparse":       "urllib.parse",
	"UserDict":       "collections",
	"UserList":       "collections",
	"UserString":     "collections",
	"xmlrpclib":      "xmlrpc.client",
}
