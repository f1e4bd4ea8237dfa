#!/bin/sh
# Siaga's account and database, made once by Patroni when it makes the cluster (post_bootstrap); $1 is its URL.
# pg_read_all_stats: with JOURNAL_SYNC=two Siaga asks whether a standby is streaming.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$CLUSTER_SIAGA_PASSWORD" "$1" <<'SQL'
create role siaga login password :'password';
grant pg_read_all_stats to siaga;
create database siaga owner siaga;
SQL
