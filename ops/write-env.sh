#!/bin/sh
# Makes up the secrets that docker-compose.yml needs, in .env beside it. Runs wherever Docker runs: it needs no
# Node. It never overwrites: InfluxDB and Grafana keep the secrets of their first start in their volumes.
set -eu
file="${1:-$(dirname "$0")/../.env}"
if [ -e "$file" ]; then
  echo "$file is there already and stays as it is" >&2
  exit 0
fi
# 32 bytes from the system's random source, as 64 hexadecimal digits.
secret() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
umask 077
{
  echo "# Read by docker-compose.yml. Keep it secret and in your backups."
  echo "INFLUX_TOKEN=$(secret)"
  echo "INFLUX_PASSWORD=$(secret)"
  echo "GRAFANA_PASSWORD=$(secret)"
  echo "# The address on which ports are published; devices outside need another than loopback (and TLS)."
  echo "SIAGA_PUBLISH_ADDRESS=127.0.0.1"
} > "$file"
echo "wrote $file; Grafana's user is admin, its password is GRAFANA_PASSWORD in it"
