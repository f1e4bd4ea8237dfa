#!/bin/sh
# Makes two tokens in InfluxDB 2: Siaga's, which writes and reads its bucket, and Grafana's, which reads it. The
# service `influxdb-tokens` of docker-compose.yml runs it, in InfluxDB's own image, whenever InfluxDB starts.
#
# INFLUX_HOST, INFLUX_ORG and INFLUX_TOKEN (the administrator's) are read by InfluxDB's `influx`. Each folder that is
# named keeps a `token` and the `id` under which InfluxDB knows it. A token that InfluxDB still knows is kept; after
# a new start with an empty InfluxDB it is made again. A token is readable to all who get into its folder: beyond
# containers make the folders first, with mode 0700 and the reader as owner (docs/operations.md).
#
# Usage: influx-tokens.sh BUCKET FOLDER_OF_SIAGA FOLDER_OF_GRAFANA
set -eu
bucket=$1
siaga=$2
grafana=$3

# field NAME: the first string under that name in the JSON of standard input.
field() { tr ',{' '\n\n' | sed -n 's/^[[:space:]]*"'"$1"'":[[:space:]]*"\([^"]*\)".*/\1/p' | head -n 1; }

is_known() { # FOLDER
  [ -s "$1/token" ] && [ -s "$1/id" ] &&
    [ "$(influx auth list --id "$(cat "$1/id")" --json 2>/dev/null | field id)" = "$(cat "$1/id")" ]
}

make() { # NAME FOLDER RIGHTS...
  name=$1
  folder=$2
  shift 2
  if is_known "$folder"; then
    echo "the token of $name is there"
    return
  fi
  answer=$(influx auth create --description "$name" "$@" --json)
  token=$(echo "$answer" | field token)
  if [ -z "$token" ]; then
    echo "InfluxDB made no token for $name" >&2
    exit 1
  fi
  # Read by another user than the one who runs this; the folder keeps all others out.
  echo "$answer" | field id > "$folder/id"
  echo "$token" > "$folder/token.new"
  chmod 444 "$folder/token.new"
  mv "$folder/token.new" "$folder/token"
  echo "made the token of $name"
}

id=$(influx bucket list --name "$bucket" --json | field id)
if [ -z "$id" ]; then
  echo "InfluxDB has no bucket $bucket" >&2
  exit 1
fi
make siaga "$siaga" --read-bucket "$id" --write-bucket "$id"
make grafana "$grafana" --read-bucket "$id"
