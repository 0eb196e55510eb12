// Command generate-program writes a TypeScript program from Pulumi's own language-neutral form of one (PCL), as Pulumi's Node language host does when
// `pulumi import` asks it to. The sources come in as JSON on stdin, by file name, and the program's files go out so on stdout; what is wrong with the
// sources goes to stderr.
//
//	generate-program -loader 127.0.0.1:1234 [-strict]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi/pkg/v3/codegen/hcl2/syntax"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	loader := flag.String("loader", "", "address of the engine's schema loader")
	strict := flag.Bool("strict", false, "refuse what the schema does not know")
	flag.Parse()
	if err := generate(*loader, *strict); err != nil {
		fmt.Fprintln(os.Stderr, "generate-program:", err)
		os.Exit(1)
	}
}

func generate(target string, strict bool) error {
	sources := map[string]string{}
	if err := json.NewDecoder(os.Stdin).Decode(&sources); err != nil {
		return err
	}
	program, err := bind(sources, target, strict)
	if err != nil {
		return err
	}
	files, problems, err := nodejs.GenerateProgram(program)
	if err := failure(problems, err); err != nil {
		return err
	}
	texts := map[string]string{}
	for name, text := range files {
		texts[name] = string(text)
	}
	return json.NewEncoder(os.Stdout).Encode(texts)
}

func bind(sources map[string]string, target string, strict bool) (*pcl.Program, error) {
	parser := syntax.NewParser()
	for name, text := range sources {
		if err := parser.ParseFile(strings.NewReader(text), name); err != nil {
			return nil, err
		}
	}
	if err := failure(parser.Diagnostics, nil); err != nil {
		return nil, err
	}
	client, err := schema.NewLoaderClient(target)
	if err != nil {
		return nil, err
	}
	var options []pcl.BindOption
	if !strict {
		options = pcl.NonStrictBindOptions()
	}
	program, problems, err := pcl.BindProgram(parser.Files, schema.NewCachedLoader(client), options...)
	return program, failure(problems, err)
}

// failure is what went wrong, if anything did; warnings are told and are none.
func failure(problems hcl.Diagnostics, err error) error {
	if err != nil {
		return err
	}
	if problems.HasErrors() {
		return problems
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, problem.Error())
	}
	return nil
}
