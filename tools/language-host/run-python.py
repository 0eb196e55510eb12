"""Runs a Pulumi program in Python: what the engine asked for is in the environment, the program is the argument."""

import asyncio
import os
import runpy
import sys
import traceback

import pulumi
import pulumi.runtime

ALREADY_REPORTED_EXIT_CODE = 32


def settings() -> pulumi.runtime.Settings:
    return pulumi.runtime.Settings(
        project=os.environ["PULUMI_PROJECT"],
        stack=os.environ["PULUMI_STACK"],
        organization=os.environ.get("PULUMI_ORGANIZATION", "organization"),
        root_directory=os.environ.get("PULUMI_ROOT_DIRECTORY"),
        monitor=os.environ["PULUMI_MONITOR"],
        engine=os.environ["PULUMI_ENGINE"],
        parallel=int(os.environ.get("PULUMI_PARALLEL") or 0),
        dry_run=os.environ.get("PULUMI_DRY_RUN") == "true",
    )


def main() -> int:
    program = sys.argv[1]
    sys.path.insert(0, program if os.path.isdir(program) else os.path.dirname(program))
    pulumi.runtime.configure(settings())
    try:
        asyncio.run(pulumi.runtime.run_in_stack(lambda: runpy.run_path(program, run_name="__main__") and None))
        return 0
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except Exception:
        pulumi.log.error("Program failed with an unhandled exception:\n" + traceback.format_exc())
    return ALREADY_REPORTED_EXIT_CODE


code = main()
sys.stdout.flush()
sys.stderr.flush()
# The SDK's own threads may still wait for calls that nobody answers any more.
os._exit(code)
