// render CHART VALUES.json RELEASE: what `helm template` makes of a chart, with Go's own text/template and the few functions that
// vigia's chart uses. Values come as JSON.
package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	text, err := os.ReadFile(os.Args[2])
	must(err)
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	var values map[string]any
	must(decoder.Decode(&values))
	functions := template.FuncMap{
		"quote":  func(text string) string { return strconv.Quote(text) },
		"toJson": func(value any) (string, error) { out, err := json.Marshal(value); return string(out), err },
		"indent": func(width int, text string) string {
			pad := strings.Repeat(" ", width)
			return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
		},
	}
	data := map[string]any{"Values": values, "Release": map[string]string{"Name": os.Args[3]}}
	files, err := filepath.Glob(os.Args[1] + "/templates/*.yaml")
	must(err)
	for _, file := range files {
		os.Stdout.WriteString("---\n")
		parsed, err := template.New(filepath.Base(file)).Option("missingkey=error").Funcs(functions).ParseFiles(file)
		must(err)
		must(parsed.Execute(os.Stdout, data))
	}
}
