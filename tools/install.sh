#!/bin/sh
# Makes .venv and installs the project with the exact versions of constraints.txt; does nothing where that is already done.
#
#     sh tools/install.sh run|dev
#
# run: the project with its pictures and tables; dev: with what the tests need. Read from the environment: PYTHON (the python that makes .venv),
# TORCH_INDEX (the package index that torch comes from). What is asked for and differs from what .venv holds makes .venv anew.
set -eu
cd "$(dirname "$0")/.."
venv_python=.venv/bin/python

fail() { echo "graphsage: $*" >&2; exit 1; }

# Prints fit, bare (no venv or no ensurepip module), or the version that is too old; nothing where "$1" does not run at all
# (a version manager's shim exists for versions that are not active, so finding the name is not enough).
judge() {
    "$1" -c '
import sys
if sys.version_info < (3, 11):
    print("%d.%d" % sys.version_info[:2])
else:
    try:
        import ensurepip, venv
        print("fit")
    except ImportError:
        print("bare")
' 2>/dev/null || true
}

# Sets $python, or ends with one sentence.
find_python() {
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3 python; fi
    bare='' old=''
    for python in "$@"; do
        case $(judge "$python") in
            fit) return ;;
            bare) bare=${bare:-$python} ;;
            '') ;;
            *) old="${old:+$old, }$python is $(judge "$python")" ;;
        esac
    done
    [ -z "$bare" ] || fail "$bare has no working venv module: install it (Debian, Ubuntu: sudo apt install python3-venv) and run make again."
    [ -z "${PYTHON:-}" ] || fail "PYTHON=$PYTHON is not a Python 3.11 or newer${old:+ ($old)}."
    fail "no Python 3.11 or newer was found${old:+ ($old)}: install one, or name it, as in: make train PYTHON=/path/to/python3.12"
}

# Two pythons are the same where their installation and version agree.
identity() { "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null || true; }

# Prints why .venv cannot be kept; nothing where it can.
why_anew() {
    if [ -e .venv/.installing ]; then
        echo "the last installation did not finish"
    elif ! "$venv_python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        echo "its python is broken or older than 3.11"
    elif [ -n "${PYTHON:-}" ] && [ "$(identity "$PYTHON")" != "$(identity "$venv_python")" ]; then
        echo "PYTHON=$PYTHON is another python"
    elif [ -n "${TORCH_INDEX:-}" ] && [ "$(torch_choice)" != "$(cat .venv/.torch-choice 2>/dev/null)" ]; then
        echo "TORCH_INDEX asks for another torch"
    fi
}

torch_choice() { printf %s "${TORCH_INDEX:-}" | cksum; }  # not the address itself: it may hold a password

# What an installation depends on; the folder because an editable installation points into it.
inputs() { cksum setup.cfg pyproject.toml constraints.txt; pwd; }

# Without its hundreds of lines and warnings; what fails is still said.
pip_install() { "$venv_python" -m pip install -qq --disable-pip-version-check "$@"; }

install_chosen_torch() {
    [ -n "${TORCH_INDEX:-}" ] && [ ! -e .venv/.torch-choice ] || return 0
    pip_install --index-url "$TORCH_INDEX" "$(grep '^torch==' constraints.txt)" && torch_choice >.venv/.torch-choice
}

case ${1:-} in
    run) target='.[plots,tabular]' ;;
    dev) target='.[dev]' ;;
    *) fail "tools/install.sh takes run or dev, not '${1:-}'" ;;
esac

reason=''
[ ! -e .venv ] || reason=$(why_anew)
if [ -e .venv ] && [ -z "$reason" ]; then
    for done_set in "$1" dev; do  # the dev set holds the run set
        [ "$(cat ".venv/.installed-$done_set" 2>/dev/null)" != "$(inputs)" ] || exit 0
    done
else
    find_python
    [ -z "$reason" ] || echo "graphsage: .venv is made anew: $reason."
    rm -rf .venv
    mkdir .venv
    touch .venv/.installing  # first: a run that is stopped from here on leaves word of it
    "$python" -m venv .venv || fail "'$python -m venv' failed: the lines above say why."
fi

touch .venv/.installing
echo "graphsage: installing into .venv, once: 1 to 3 minutes, and the download (0.4 GB where torch has no CUDA, 3 GB where it has)"
install_chosen_torch && pip_install --constraint constraints.txt --editable "$target" ||
    fail "the installation failed: the lines above say why. Mend that and run the same command again."
rm -f .venv/.installed-*
inputs >".venv/.installed-$1"
rm .venv/.installing
echo "graphsage: installed; .venv/bin/graphsage calls it"
