# Read by tools/test, tools/demo, tools/check and tools/generate; not run by itself.
#
# Makes .venv in the checkout and installs into it what is asked for, once. It needs Python
# 3.11 with venv, and nothing else: no active environment (one that is active is ignored),
# no recent pip. All it says goes to standard error; standard output is the command's own.
# The caller has set $root to the checkout.

unset VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK=1

venv=$root/.venv

# How pytest shares all the tests among the processors: who has nothing left takes from the
# others. Each worker costs the memory of a test run, so that four are enough. What hangs ends
# its worker, with the stacks, rather than that it eats the time of all the others.
shared="--numprocesses logical --maxprocesses 4 --dist worksteal -o faulthandler_exit_on_timeout=true"

tell() {
    printf '%s\n' "$*" >&2
}

can_do() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PRONOTE_PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if can_do "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    tell "Python 3.11 or newer is needed, with its venv module, and was not found."
    tell "Debian and Ubuntu: apt-get install python3 python3-venv; elsewhere: python.org."
    tell "If it has another name: PRONOTE_PYTHON=/path/to/python $0"
    exit 69
}

# make_venv DIRECTORY: a working environment with a pip that knows dependency groups.
make_venv() {
    if ! "$1/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$(find_python) || exit
        "$python" -m venv --clear "$1" >&2 || exit
    fi
    if ! "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        "$1/bin/python" -m ensurepip --upgrade >&2 || exit
    fi
    # --group came with pip 25.1; Python 3.11 brings an older one.
    "$1/bin/python" -m pip install --quiet --upgrade 'pip>=25.1' >&2 || exit
}

# prepare NAME ARGUMENT...: `pip install ARGUMENT...` unless that was done already for this
# place, this Python and this pyproject.toml. The editable install sees every later change
# of the code by itself.
prepare() {
    name=$1
    shift
    stamp=$venv/.prepared-$name
    wanted="$root $* $(cksum <"$root/pyproject.toml")"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$venv/bin/python" -c '' 2>/dev/null; then
        return
    fi
    tell "Preparing $venv for '$name', once; this takes a minute."
    make_venv "$venv"
    # In a subshell: --group reads the pyproject.toml of the current folder.
    (cd "$root" && "$venv/bin/python" -m pip install --quiet "$@" >&2) || exit
    printf '%s\n' "$wanted" >"$stamp"
}
