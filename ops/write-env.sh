#!/bin/sh
# Makes up what docker-compose.yml needs, beside it: secrets in .env, and an empty siaga.env for Siaga's own variables.
# Runs wherever Docker runs: it needs no Node. It adds what is missing and changes nothing: InfluxDB and Grafana keep the
# secrets of their first start in their volumes.
set -eu
file="${1:-$(dirname "$0")/../.env}"
own="$(dirname "$file")/siaga.env"
# 32 bytes from the system's random source, as 64 hexadecimal digits.
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077

if [ ! -e "$file" ]; then
  echo "# Read by docker-compose.yml. Keep it secret and in your backups." > "$file"
fi
# add NAME VALUE SENTENCE
add() {
  grep -q "^$1=" "$file" && return
  # A file that somebody wrote may end in the middle of its last line.
  [ -z "$(tail -c 1 "$file")" ] || echo >> "$file"
  { [ -z "$3" ] || echo "# $3"; echo "$1=$2"; } >> "$file"
  echo "added $1 to $file"
}
add INFLUX_TOKEN "$(secret)" "InfluxDB's administrator's. Siaga and Grafana have tokens of their own: ops/influx-tokens.sh"
add INFLUX_PASSWORD "$(secret)" ""
add GRAFANA_PASSWORD "$(secret)" "Grafana's user is admin."
add SIAGA_PUBLISH_ADDRESS 127.0.0.1 "The address on which ports are published; devices outside need another than loopback (and TLS)."
add COMPOSE_PROFILES city,influx "What runs: city, influx, tls (docs/operations.md). Without influx, also: INFLUX_URL="

if [ ! -e "$own" ]; then
  echo "# Siaga's own variables, as docs/configuration.md names them: NAME=value. Secrets too: it is readable to you alone." > "$own"
  echo "wrote $own"
fi
