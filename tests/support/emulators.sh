#!/usr/bin/env bash
# Object stores on the loopback for the tests: moto for S3, Azurite for Azure; and DuckDB, to read what was published.
#
#   emulators.sh install HOME    from PyPI and npm into HOME, once for each version
#   emulators.sh serve HOME      starts both on free ports, makes a bucket and a container, prints
#                                  s3 URL / azure URL / python PATH / ready
#                                and ends with its standard input: the stores live as long as the test process, however that ends
#
# Exit 69: something is missing; the last line on stderr says what and how to get it.
set -euo pipefail

MOTO=5.2.5 AZURITE=3.37.0 DUCKDB=1.5.5
BUCKET=kefu
# The account that every Azurite knows; its key is published.
ACCOUNT=devstoreaccount1
KEY=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==

missing() { echo "$1" >&2; exit 69; }

home=${2:?the folder of the emulators}
mkdir -p "$home"
home=$(cd "$home" && pwd)
python=$home/python-moto-$MOTO-duckdb-$DUCKDB
node=$home/node-azurite-$AZURITE

# Made beside and moved into place, so that a folder that is there is whole.
settle() { if [ -e "$2" ]; then rm -rf "$1"; else mv "$1" "$2"; fi; }

install_python() {
  [ -e "$python" ] && return
  local made; made=$(mktemp -d "$home/new.XXXXXX")
  python3 -m pip install -q --no-input --disable-pip-version-check --root-user-action ignore --target "$made" \
    "moto[server,s3]==$MOTO" "duckdb==$DUCKDB" "duckdb-extension-httpfs==$DUCKDB" >"$home/pip.log" 2>&1 ||
    { rm -rf "$made"; return 1; }
  settle "$made" "$python"
}

install_node() {
  [ -e "$node" ] && return
  local made; made=$(mktemp -d "$home/new.XXXXXX")
  npm install --silent --no-audit --no-fund --prefix "$made" "azurite@$AZURITE" >"$home/npm.log" 2>&1 || { rm -rf "$made"; return 1; }
  settle "$made" "$node"
}

install() {
  command -v python3 >/dev/null || missing "python3 is missing: apt-get install python3 python3-pip"
  python3 -m pip --version >/dev/null 2>&1 || missing "pip is missing: apt-get install python3-pip"
  command -v node >/dev/null || missing "node is missing: apt-get install nodejs npm"
  command -v npm >/dev/null || missing "npm is missing: apt-get install npm"
  install_python & local first=$!
  install_node & local second=$!
  wait "$first" || { wait "$second" || true; missing "pip cannot install moto and duckdb: is the network there? $home/pip.log says more"; }
  wait "$second" || missing "npm cannot install azurite: is the network there? $home/npm.log says more"
}

# The address that a server writes into its log once it listens.
address() {
  local log=$1 pid=$2 name=$3 found
  for _ in $(seq 1200); do
    found=$(grep -oE 'http://127\.0\.0\.1:[1-9][0-9]*' "$log" | head -n 1 || true)
    [ -n "$found" ] && { echo "$found"; return; }
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  missing "$name does not start: $(tail -n 1 "$log")"
}

# A bucket needs a plain PUT; a container a signed one.
make_places() {
  python3 - "$1" "$2" "$BUCKET" "$ACCOUNT" "$KEY" <<'PYTHON'
import base64, email.utils, hashlib, hmac, sys, urllib.request
s3, azure, bucket, account, key = sys.argv[1:]
def put(url, headers):
    urllib.request.urlopen(urllib.request.Request(url, data=b"", headers=headers, method="PUT"), timeout=30).read()
put(f"{s3}/{bucket}", {})
headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
content_type = "application/octet-stream"
to_sign = "\n".join(["PUT", "", "", "", "", content_type, "", "", "", "", "", ""]
    + [f"{name}:{value}" for name, value in sorted(headers.items())] + [f"/{account}/{account}/{bucket}", "restype:container"])
signature = base64.b64encode(hmac.new(base64.b64decode(key), to_sign.encode(), hashlib.sha256).digest()).decode()
put(f"{azure}/{account}/{bucket}?restype=container",
    headers | {"Content-Type": content_type, "Authorization": f"SharedKey {account}:{signature}"})
PYTHON
}

serve() {
  logs=$(mktemp -d)
  trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$logs"' EXIT
  trap 'exit 143' TERM INT HUP
  # What is on standard input is for this script alone: it is how it learns that the tests have ended.
  PYTHONPATH=$python AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any \
    python3 -m moto.server -H 127.0.0.1 -p 0 >"$logs/moto" 2>&1 </dev/null &
  local moto=$!
  node "$node/node_modules/.bin/azurite-blob" --blobHost 127.0.0.1 --blobPort 0 --blobKeepAliveTimeout 120 \
    --inMemoryPersistence --disableTelemetry --skipApiVersionCheck >"$logs/azurite" 2>&1 </dev/null &
  local azurite=$! s3 azure
  s3=$(address "$logs/moto" "$moto" moto)
  azure=$(address "$logs/azurite" "$azurite" azurite)
  make_places "$s3" "$azure" || missing "the bucket and the container cannot be made"
  printf 's3 %s\nazure DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;BlobEndpoint=%s/%s\npython %s\nready\n' \
    "$s3" "$ACCOUNT" "$KEY" "$azure" "$ACCOUNT" "$python"
  cat >/dev/null
}

case ${1:-} in
install) install ;;
serve) install; serve ;;
*) sed -n '2,9p' "$0" >&2; exit 2 ;;
esac
