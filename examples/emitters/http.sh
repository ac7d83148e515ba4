#!/bin/sh
# Asks over HTTP that a model forgets a subject; needs curl only.
# usage: http.sh BASE_URL MODEL SUBJECT [REQUEST_ID]     LETHE_TOKEN: bearer token, where one is asked for
set -eu
base=$1 model=$2 subject=$3
# Make the id once and keep it: sending the same request again is safe, and gets the same receipt.
id=${4:-$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen)}

curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 30 \
  ${LETHE_TOKEN:+--header "authorization: Bearer $LETHE_TOKEN"} \
  --header 'content-type: application/json' \
  --data "{\"request_id\":\"$id\",\"emitter\":\"shop\",\"model_key\":\"$model\",\"scope\":{\"subject\":\"$subject\"},\"regulation\":\"REGULATION_GDPR\"}" \
  "$base/v1/deletions"
echo
