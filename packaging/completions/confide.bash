# bash completion for confide(1)

_confide_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }

# What comes after an option that takes something. False: the word before takes nothing.
_confide_value() {
  local option=$1 current=$2
  case $option in
    --profile) _confide_words "tool readonly agent agent-codex agent-claude bench" "$current" ;;
    --for) _confide_words "codex claude generic" "$current" ;;
    --power) _confide_words "ssh-agent docker host-root host-proc host-sys writable-system" "$current" ;;
    --pass) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
    --network) _confide_words "none host" "$current" ;;
    --at-least) _confide_words "0 1 2 3" "$current" ;;
    --path | --policy | --env-file | --read | --write | --hide)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    --env) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
    --from-file | --in | --write-plaintext)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      ;;
    --key) _confide_words "passphrase keyring systemd-creds file" "$current" ;;
    --generate) _confide_words "alnum hex base64url password uuid" "$current" ;;
    --environment | --template | --expires | --keep | --to-fd | --secret | --timeout | --memory | --pids | --cpu | --status-fd) COMPREPLY=() ;;
    --secret | --timeout | --lease | --renew | --memory | --pids | --cpu | --status-fd) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_confide() {
  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i
  local verbs="run shell secret env vault read inject hook setup agent prove why explain allow deny doctor mask ps provider policy help"
  local shared="--profile --policy --env-file --environment --secret --template --read --write --hide --protect --network --env --timeout --memory --pids --cpu --json --help"
  local options
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    _confide_words "$verbs --help --version" "$current"
    return
  fi
  case ${COMP_WORDS[1]} in
    run) options="$shared --dry-run --status-fd --no-masking --lease --lease-renew --trace-launch" ;;
    agent) options="--for --profile --policy --pass --no-inner-sandbox --power --read --write --hide --dry-run --quiet --json --status-fd --help" ;;
    prove) options="--json --at-least --help" ;;
    why) options="--json --path --help last" ;;
    explain) options=$shared ;;
    mask) options="--profile --policy --secret --env-file --help" ;;
    doctor) options="--json --help" ;;
    vault) options="--key --keep --json --help" ;;
    secret) options="--from-file --generate --expires --json --help" ;;
    env) options="--rewrite --json --help" ;;
    read) options="--to-fd --json --help" ;;
    inject) options="--in --to-fd --write-plaintext --json --help" ;;
    shell) options="-- --help" ;;
    allow | deny)
      if [[ $current != -* ]]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
      fi
      options="--json --help"
      ;;
    setup) options="codex claude --user --project --managed --boxed --print --remove --json --help" ;;
    hook) options="codex claude --help" ;;
    ps) options="--renew --json --help" ;;
    provider) options="list test --json --help" ;;
    policy) options="--help" ;;
    *) return ;;
  esac

  # The command, behind `--`, has a completion of its own.
  for ((i = 2; i < COMP_CWORD; i++)); do
    if [[ ${COMP_WORDS[i]} == -- ]]; then
      if [[ ${COMP_WORDS[1]} == shell ]]; then return; fi
      if declare -F _command_offset >/dev/null; then
        _command_offset $((i + 1))
      else
        mapfile -t COMPREPLY < <(compgen -c -f -- "$current")
      fi
      return
    fi
  done

  if [[ $COMP_CWORD -eq 2 && $current != -* ]]; then
    case ${COMP_WORDS[1]} in
      vault) _confide_words "init status rekey accept-restore gc" "$current"; return ;;
      secret) _confide_words "set rotate list show rm reveal" "$current"; return ;;
      env) _confide_words "list show create set rename rm import" "$current"; return ;;
    esac
  fi
  if [[ ${COMP_WORDS[1]} == policy ]]; then
    if [[ $COMP_CWORD -eq 2 ]]; then
      _confide_words "check schema --help" "$current"
    elif [[ $before == check ]]; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    return
  fi
  # bash takes `=` for a word of its own: --network=host is three.
  if [[ $before == "=" ]]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $current == "=" ]]; then current=""; fi
  _confide_value "$before" "$current" || _confide_words "$options" "$current"
}

complete -F _confide confide
