// Command gen-sdk writes the language SDKs of a Pulumi package from its schema, as `pulumi package gen-sdk` does where the language plugins are installed.
//
//	gen-sdk -schema schema.json -out sdk -language nodejs -language python
//
// Each language gets its own folder below -out, which is replaced as a whole.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const toolName = "pulumi"

// generators makes the files of an SDK, by language and then by path.
var generators = map[string]func(*schema.Package) (map[string][]byte, error){
	"nodejs": func(pkg *schema.Package) (map[string][]byte, error) {
		return nodejs.GeneratePackage(toolName, pkg, nil, nil, false, noOtherPackages{})
	},
	"python": func(pkg *schema.Package) (map[string][]byte, error) {
		return python.GeneratePackage(toolName, pkg, nil, noOtherPackages{})
	},
	"go": func(pkg *schema.Package) (map[string][]byte, error) {
		return gogen.GeneratePackage(toolName, pkg, nil)
	},
}

type languages []string

func (l *languages) String() string { return strings.Join(*l, ",") }

func (l *languages) Set(language string) error {
	if generators[language] == nil {
		return fmt.Errorf("no generator for %q", language)
	}
	*l = append(*l, language)
	return nil
}

func main() {
	schemaFile := flag.String("schema", "schema.json", "the package's schema")
	out := flag.String("out", "sdk", "folder that gets one folder a language")
	var wanted languages
	flag.Var(&wanted, "language", "nodejs, python or go; may be given several times")
	flag.Parse()
	if err := generate(*schemaFile, *out, wanted); err != nil {
		fmt.Fprintln(os.Stderr, "gen-sdk:", err)
		os.Exit(1)
	}
}

func generate(schemaFile, out string, wanted languages) error {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	for _, language := range wanted {
		// A generator changes the package that it is given, so each gets its own.
		pkg, err := bind(text)
		if err != nil {
			return fmt.Errorf("%s: %w", schemaFile, err)
		}
		files, err := generators[language](pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		if err := replaceFolder(filepath.Join(out, language), files); err != nil {
			return err
		}
		fmt.Printf("%s: %d files\n", language, len(files))
	}
	return nil
}

func bind(text []byte) (*schema.Package, error) {
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, err
	}
	pkg, problems, err := schema.BindSpec(spec, noOtherPackages{}, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, problem.Error())
	}
	if problems.HasErrors() {
		return nil, fmt.Errorf("the schema is not valid")
	}
	return pkg, nil
}

func replaceFolder(folder string, files map[string][]byte) error {
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	for path, content := range files {
		file := filepath.Join(folder, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// noOtherPackages is the loader of a schema that refers to no other package.
type noOtherPackages struct{}

func refuse(name string) error { return fmt.Errorf("the schema refers to another package, %q", name) }

func (noOtherPackages) LoadPackage(name string, _ *semver.Version) (*schema.Package, error) {
	return nil, refuse(name)
}

func (noOtherPackages) LoadPackageV2(_ context.Context, d *schema.PackageDescriptor) (*schema.Package, error) {
	return nil, refuse(d.Name)
}

func (noOtherPackages) LoadPackageReference(name string, _ *semver.Version) (schema.PackageReference, error) {
	return nil, refuse(name)
}

func (noOtherPackages) LoadPackageReferenceV2(_ context.Context, d *schema.PackageDescriptor) (schema.PackageReference, error) {
	return nil, refuse(d.Name)
}
