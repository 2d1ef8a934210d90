"""The languages of the core pack: what an action that keeps the contract looks like in each, and whether it is here."""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
import yaml

from apps.runtimes.definition import RuntimeDefinition
from apps.runtimes.detect import Detection, detect

CORE = Path(__file__).resolve().parents[3] / "packs/core"

#: Where CI runs, these are there, and a test that misses one fails instead of being skipped.
REQUIRED = frozenset({"python", "shell", "node", "ruby", "perl", "native"})


@dataclass(frozen=True)
class Language:
    """Sources of one language; each `run` or function takes the parameter `name`."""

    runtime: str
    file: str
    answers: str
    """Returns what it got: `{"hello": name, "secret": …, "absent": null, "attempt": …, "again": all of stdin}`."""
    fails: str
    """Says `no luck` with the language's own kind of error, two calls deep."""
    error_type: str
    named: str
    """`greet`, which is no `run`, returns what `lib/` gives for the name."""
    lib: tuple[str, str]
    """File in `lib/` and its source."""
    script: str
    """A plain program: prints what comes on stdin and ends with 3."""
    not_json: str
    """Returns what no JSON can say; empty where everything can be written as text."""


def definition_of(runtime: str) -> RuntimeDefinition:
    return RuntimeDefinition.from_json(yaml.safe_load((CORE / f"runtimes/{runtime}.yaml").read_text()))


@cache
def detection_of(definition: RuntimeDefinition) -> Detection:
    return detect(definition, search_path=os.environ["PATH"])


def need(runtime: str) -> Detection:
    """Skips the test where the interpreter is missing, or fails it where it has to be there."""
    found = detection_of(definition_of(runtime))
    if not found.installations:
        refuse_without(runtime, found.reason)
    return found


def refuse_without(runtime: str, reason: str) -> NoReturn:
    refuse = pytest.fail if os.environ.get("CI") == "true" and runtime in REQUIRED else pytest.skip
    refuse(f"{runtime} is not on this host: {reason}")


PYTHON = Language(
    runtime="python",
    file="act.py",
    answers="""
import sys
def run(name):
    print("working")
    return {"hello": name, "secret": get_secret("key"), "absent": get_secret("none"),
            "attempt": get_context()["attempt"], "again": sys.stdin.read()}
""",
    fails="""
def deep():
    raise LookupError("no luck")
def run(name):
    deep()
""",
    error_type="LookupError",
    named="""
import shared
def greet(name):
    return shared.greeting(name)
""",
    lib=("shared.py", "def greeting(name):\n    return 'Hello, ' + name\n"),
    script="import sys\nprint(sys.stdin.read())\nsys.exit(3)\n",
    not_json="def run(name): return object()",
)

NODE = Language(
    runtime="node",
    file="act.js",
    answers="""
const fs = require("fs");
module.exports = async ({ name }, { secrets, context }) => {
  console.log("working");
  return { hello: name, secret: secrets.key, absent: get_secret("none"), attempt: context.attempt,
           again: fs.readFileSync(0, "utf8") };
};
""",
    fails="""
const deep = () => { throw new RangeError("no luck"); };
module.exports = async () => deep();
""",
    error_type="RangeError",
    named="exports.greet = ({ name }) => require('shared')(name);",
    lib=("shared.js", "module.exports = (name) => 'Hello, ' + name;\n"),
    script="console.log(require('fs').readFileSync(0, 'utf8'));\nprocess.exitCode = 3;\n",
    not_json="module.exports = () => { const loop = []; loop.push(loop); return loop; };",
)

RUBY = Language(
    runtime="ruby",
    file="act.rb",
    answers="""
def run(name:)
  puts "working"
  {hello: name, secret: get_secret("key"), absent: get_secret("none"), attempt: get_context["attempt"],
   again: $stdin.read}
end
""",
    fails="""
def deep
  raise KeyError, "no luck"
end

def run(name:)
  deep
end
""",
    error_type="KeyError",
    named="require 'shared'\ndef greet(name:)\n  greeting(name)\nend\n",
    lib=("shared.rb", "def greeting(name)\n  'Hello, ' + name\nend\n"),
    script="print $stdin.read, %(\\n)\nexit 3\n",
    not_json="def run(name:)\n  0.0 / 0.0\nend\n",
)

PERL = Language(
    runtime="perl",
    file="act.pl",
    answers="""
use strict; use warnings; use utf8;
sub run {
    my (%given) = @_;
    print "working\\n";
    binmode(STDIN, ':encoding(UTF-8)');
    return {hello => $given{name}, secret => get_secret('key'), absent => get_secret('none'),
            attempt => get_context()->{attempt}, again => do { local $/; <STDIN> }};
}
""",
    fails="""
package Unlucky;
use overload '""' => sub { $_[0]{text} };
package main;
sub deep { die bless {text => 'no luck'}, 'Unlucky' }
sub run { deep() }
""",
    error_type="Unlucky",
    named="use Shared;\nsub greet { my (%given) = @_; return Shared::greeting($given{name}) }\n",
    lib=("Shared.pm", "package Shared;\nsub greeting { return 'Hello, ' . $_[0] }\n1;\n"),
    script="print <STDIN>, qq(\\n);\nexit 3;\n",
    not_json="sub run { return sub {} }",
)

PHP = Language(
    runtime="php",
    file="act.php",
    answers="""<?php
function run(string $name): array {
    echo "working\\n";
    return ['hello' => $name, 'secret' => get_secret('key'), 'absent' => get_secret('none'),
            'attempt' => get_context()['attempt'], 'again' => file_get_contents('php://stdin')];
}
""",
    fails="""<?php
function deep() { throw new LengthException('no luck'); }
function run(string $name) { deep(); }
""",
    error_type="LengthException",
    named="<?php\nrequire 'shared.php';\nfunction greet(string $name): string { return greeting($name); }\n",
    lib=("shared.php", "<?php\nfunction greeting(string $name): string { return 'Hello, ' . $name; }\n"),
    script="#!/usr/bin/env php\n<?php\necho stream_get_contents(STDIN), PHP_EOL;\nexit(3);\n",
    not_json="<?php\nfunction run(string $name) { return NAN; }\n",
)

JAVA = Language(
    runtime="java",
    file="Act.java",
    answers="""
import java.util.*;
class Helper { static String read() throws Exception { return new String(System.in.readAllBytes(), "UTF-8"); } }
public class Act {
  public static Object run(Map<String, Object> given, Map<String, String> secrets, Map<String, Object> context)
      throws Exception {
    System.out.println("working");
    Map<String, Object> result = new TreeMap<>();
    result.put("hello", given.get("name"));
    result.put("secret", secrets.get("key"));
    result.put("absent", secrets.get("none"));
    result.put("attempt", context.get("attempt"));
    result.put("again", Helper.read());
    return result;
  }
}
""",
    fails="""
import java.util.*;
public class Act {
  static void deep() { throw new NoSuchElementException("no luck"); }
  public static Object run(Map<String, Object> given) { deep(); return null; }
}
""",
    error_type="NoSuchElementException",
    named="""
import java.util.*;
public class Act {
  public static Object greet(Map<String, Object> given) throws Exception {
    var lines = new String(Act.class.getResourceAsStream("/shared.txt").readAllBytes(), "UTF-8");
    return lines.strip() + ", " + given.get("name");
  }
}
""",
    lib=("shared.txt", "Hello\n"),
    script="""
public class Act {
  public static void main(String[] arguments) throws Exception {
    System.out.println(new String(System.in.readAllBytes(), "UTF-8"));
    System.exit(3);
  }
}
""",
    not_json="",
)

LANGUAGES = (PYTHON, NODE, RUBY, PERL, PHP, JAVA)
