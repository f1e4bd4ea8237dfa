#!/bin/sh
# Makes two tokens in InfluxDB 2: Siaga's, which writes and reads its bucket, and Grafana's, which reads it. The
# service `influxdb-tokens` of docker-compose.yml runs it, in InfluxDB's own image, whenever InfluxDB starts.
#
# INFLUX_HOST, INFLUX_ORG and INFLUX_TOKEN (the administrator's) are read by InfluxDB's `influx`. Each folder that is
# named keeps a `token` and the `id` under which InfluxDB knows it. A token that InfluxDB still knows is kept; after
# a new start with an empty InfluxDB it is made again. A token is readable to all who get into its folder: beyond
# containers make the folders first, with mode 0700 and the reader as owner (docs/operations.md).
#
# It may be ended at any moment and run again: each token bears a name of its own folder and bucket in InfluxDB, and
# those under that name that are in no folder, as a run leaves that was ended in between, are removed.
#
# Usage: influx-tokens.sh BUCKET FOLDER_OF_SIAGA FOLDER_OF_GRAFANA
set -eu
bucket=$1
siaga=$2
grafana=$3

# field NAME: the first string under that name in the JSON of standard input.
field() { tr ',{' '\n\n' | sed -n 's/^[[:space:]]*"'"$1"'":[[:space:]]*"\([^"]*\)".*/\1/p' | head -n 1; }

# list: id and description of each token, one a line, tab between. Fails where InfluxDB does not answer.
list() {
  answer=$(influx auth list --json) || return 1
  echo "$answer" | tr ',{' '\n\n' | sed -n \
    -e 's/^[[:space:]]*"id":[[:space:]]*"\([^"]*\)".*/id \1/p' \
    -e 's/^[[:space:]]*"description":[[:space:]]*"\([^"]*\)".*/description \1/p' |
    awk '$1 == "id" { id = $2 } $1 == "description" { print id "\t" substr($0, 13) }'
}

make() { # NAME FOLDER RIGHTS...
  name=$1
  folder=$2
  shift 2
  # Of this bucket: another Siaga on the same InfluxDB has other ones.
  label="$name of bucket $id"
  known=$(list) || { echo "InfluxDB does not list its tokens" >&2; exit 1; }
  kept=
  [ -s "$folder/token" ] && [ -s "$folder/id" ] && kept=$(cat "$folder/id")
  case "
$known" in
    *"
$kept	"*) ;;
    *) kept= ;;
  esac
  # What a run that was ended has made and not put down.
  echo "$known" | while IFS='	' read -r other description; do
    if [ "$description" = "$label" ] && [ "$other" != "$kept" ]; then
      influx auth delete --id "$other" > /dev/null
      echo "removed a token of $name that was in no folder"
    fi
  done
  if [ -n "$kept" ]; then
    echo "the token of $name is there"
    return
  fi
  answer=$(influx auth create --description "$label" "$@" --json)
  token=$(echo "$answer" | field token)
  made=$(echo "$answer" | field id)
  if [ -z "$token" ] || [ -z "$made" ]; then
    echo "InfluxDB made no token for $name" >&2
    exit 1
  fi
  # Read by another user than the one who runs this; the folder keeps all others out. The id goes last: without it the
  # token counts as in no folder, and is made again.
  rm -f "$folder/id"
  echo "$token" > "$folder/token.new"
  chmod 444 "$folder/token.new"
  mv "$folder/token.new" "$folder/token"
  echo "$made" > "$folder/id.new"
  mv "$folder/id.new" "$folder/id"
  echo "made the token of $name"
}

id=$(influx bucket list --name "$bucket" --json | field id)
if [ -z "$id" ]; then
  echo "InfluxDB has no bucket $bucket" >&2
  exit 1
fi
make siaga "$siaga" --read-bucket "$id" --write-bucket "$id"
make grafana "$grafana" --read-bucket "$id"
