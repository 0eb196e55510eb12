// Command translate-examples says Pulumi YAML programs again in TypeScript, Python and Go, as `pulumi convert --from yaml` does where the language
// plugins are installed, and prints all of it as JSON: by the example's file name, then by language.
//
//	translate-examples -schema schema.json examples/*.yaml
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"github.com/hashicorp/hcl/v2"
	"github.com/pulumi/pulumi-yaml/pkg/pulumiyaml"
	"github.com/pulumi/pulumi-yaml/pkg/pulumiyaml/codegen"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/pcl"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// A language is how a program is written in it, and the one file that it becomes.
type language struct {
	name, file string
	generate   func(*pcl.Program) (map[string][]byte, hcl.Diagnostics, error)
}

var languages = []language{
	{"typescript", "index.ts", nodejs.GenerateProgram},
	{"python", "__main__.py", python.GenerateProgram},
	{"go", "main.go", gogen.GenerateProgram},
}

func main() {
	schemaFile := flag.String("schema", "schema.json", "the package's schema")
	flag.Parse()
	if err := translateAll(*schemaFile, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "translate-examples:", err)
		os.Exit(1)
	}
}

func translateAll(schemaFile string, examples []string) error {
	loader, err := loaderOf(schemaFile)
	if err != nil {
		return err
	}
	translations := map[string]map[string]string{}
	for _, file := range examples {
		translated, err := translate(file, loader)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		translations[strings.TrimSuffix(filepath.Base(file), ".yaml")] = translated
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(translations)
}

func translate(file string, loader schema.ReferenceLoader) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	template, problems, err := pulumiyaml.LoadYAMLBytes(filepath.Base(file), text)
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	translated := map[string]string{}
	for _, to := range languages {
		// A generator changes the program that it is given, so each gets its own.
		program, problems, err := codegen.EjectProgram(template, loader)
		if err != nil {
			return nil, err
		}
		if problems.HasErrors() {
			return nil, problems
		}
		files, problems, err := to.generate(program)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", to.name, err)
		}
		if problems.HasErrors() {
			return nil, fmt.Errorf("%s: %w", to.name, problems)
		}
		translated[to.name] = string(bytes.TrimSpace(files[to.file])) + "\n"
	}
	return translated, nil
}

// onePackage is the loader of programs that use this package only.
type onePackage struct{ pkg *schema.Package }

func loaderOf(schemaFile string) (schema.ReferenceLoader, error) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return nil, err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, problems, err := schema.BindSpec(spec, nil, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	if problems.HasErrors() {
		return nil, problems
	}
	return onePackage{pkg}, nil
}

func (one onePackage) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	if name != one.pkg.Name {
		return nil, fmt.Errorf("an example uses another package, %q", name)
	}
	return one.pkg, nil
}

func (one onePackage) LoadPackageV2(_ context.Context, d *schema.PackageDescriptor) (*schema.Package, error) {
	return one.LoadPackage(d.Name, nil)
}

func (one onePackage) LoadPackageReference(name string, version *semver.Version) (schema.PackageReference, error) {
	pkg, err := one.LoadPackage(name, version)
	if err != nil {
		return nil, err
	}
	return pkg.Reference(), nil
}

func (one onePackage) LoadPackageReferenceV2(_ context.Context, d *schema.PackageDescriptor) (schema.PackageReference, error) {
	return one.LoadPackageReference(d.Name, nil)
}
