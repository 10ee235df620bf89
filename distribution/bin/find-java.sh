# Sourced by the start scripts: finds a Java of the version that Narthex needs.
NARTHEX_JAVA=25

# Prints the feature version of the Java in folder $1, or 0.
java_feature() {
  local line version=""
  if [ -r "$1/release" ]; then
    while IFS= read -r line; do
      case $line in JAVA_VERSION=*) version=${line#JAVA_VERSION=}; version=${version//\"/} ;; esac
    done <"$1/release"
  fi
  if [ -z "$version" ] && [ -x "$1/bin/java" ]; then
    version=$("$1/bin/java" -version 2>&1 | sed -n 's/.*version "\([^"]*\)".*/\1/p' | head -n 1)
  fi
  version=${version%%[!0-9]*}
  echo "${version:-0}"
}

# Prints the folder of a Java that has the tool bin/$1 (java, or javac to build) and exits 1 when there is none.
# $2: a folder to look at first, for example a runtime that lies beside the script; may be empty.
find_java() {
  local tool=$1 folder on_path="" link
  if on_path=$(command -v "$tool" 2>/dev/null); then
    while [ -L "$on_path" ]; do
      link=$(readlink "$on_path")
      case $link in /*) on_path=$link ;; *) on_path=${on_path%/*}/$link ;; esac
    done
    on_path=${on_path%/bin/*}
  fi
  shopt -s nullglob
  # NARTHEX_JAVA_FOLDERS replaces the usual folders
  # shellcheck disable=SC2086
  for folder in "${2:-}" "${NARTHEX_JAVA_HOME:-}" "${JAVA_HOME:-}" "$on_path" ${NARTHEX_JAVA_FOLDERS-/usr/lib/jvm/* \
    /usr/java/* /usr/local/java/* /usr/local/*jdk* /opt/java/* /opt/*jdk* /opt/*jre* \
    "${HOME:-/nonexistent}"/.jdks/* "${HOME:-/nonexistent}"/.sdkman/candidates/java/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home}; do
    if [ -n "$folder" ] && [ -x "$folder/bin/$tool" ] && [ "$(java_feature "$folder")" -ge "$NARTHEX_JAVA" ]; then
      echo "$folder"
      return 0
    fi
  done
  return 1
}
