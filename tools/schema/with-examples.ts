// A resource's description and its example in each language -> the description of the registry's pages.

/** The example of one resource: what it shows, and its program by language, as the registry names them. */
export interface ResourceExample {
  readonly title: string;
  readonly programs: Readonly<Record<string, string>>;
}

/** In the order in which the registry shows them. */
const languages = ["typescript", "python", "go", "yaml"] as const;

const codeBlock = (language: string, program: string): string => `\`\`\`${language}\n${program.trimEnd()}\n\`\`\``;

/** The description with its example behind it, in the registry's marks. */
export function withExample(description: string, { title, programs }: ResourceExample): string {
  const blocks = languages.map((language) => {
    const program = programs[language];
    if (program === undefined) throw new Error(`The example "${title}" is missing in ${language}.`);
    return codeBlock(language, program);
  });
  return [
    description,
    "",
    "{{% examples %}}",
    "## Example Usage",
    "{{% example %}}",
    `### ${title}`,
    "",
    ...blocks,
    "{{% /example %}}",
    "{{% /examples %}}",
  ].join("\n");
}
