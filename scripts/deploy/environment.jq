# The application's environment, read from that of the process: a value on a command line could be seen by everybody.

# AUTH_SERVICE_EXTRA_ENV: lines NAME=value, the value as it stands up to the end of the line; `#` and empty lines aside.
def extra_lines:
  (env.AUTH_SERVICE_EXTRA_ENV // "")
  | split("\n")
  | to_entries
  | map({line: (.key + 1), text: (.value | rtrimstr("\r"))})
  | map(select(.text | test("^\\s*(#|$)") | not));

def is_assignment: test("^[A-Za-z_][A-Za-z0-9_]*=");

# The numbers of the lines that cannot be read; never what stands there.
def extra_faults: extra_lines | map(select(.text | is_assignment | not) | .line);

def extra:
  extra_lines
  | map(.text | select(is_assignment) | index("=") as $at | {key: .[:$at], value: .[$at + 1:]})
  | from_entries;

def named($names): $names | map({key: ., value: (env[.] // "")}) | from_entries;

# A Secret of Kubernetes.
def secret($name; $values):
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {name: $name, labels: {app: "paservices"}},
    type: "Opaque",
    data: ($values | map_values(@base64))
  };

# A line of an env_file of Docker Compose, where `$` names a variable unless it is escaped, in double quotes too.
def dotenv:
  to_entries[]
  | "\(.key)=\"\(.value
      | gsub("\\\\"; "\\\\") | gsub("\""; "\\\"") | gsub("\\$"; "\\$") | gsub("\n"; "\\n") | gsub("\r"; "\\r"))\"";
