// What the command tells the shell: part of the documented interface (docs/command.md).

export const exitCodes = {
  /** All is well; warnings there may be. */
  well: 0,
  /** Something is wrong, or what was asked for would be refused. */
  wrong: 1,
  /** The command line makes no sense. */
  usage: 2,
  /** libvirt could not be reached: nothing is known. */
  unreachable: 3,
  /** Stopped by Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
