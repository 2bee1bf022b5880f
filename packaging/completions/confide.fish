# fish completion for confide(1)

function __confide_verb --description 'the verb is one of these, and the command has not begun'
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv; and not contains -- -- $words
end

function __confide_command --description 'behind --, where the command stands'
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); and test (count $words) -ge 2; and contains -- $words[2] run agent prove explain
end

function __confide_complete_command --description 'what the command itself would complete'
    set -l words (commandline -opc) (commandline -ct)
    set -l at (contains -i -- -- $words); or return
    complete -C (string join ' ' -- (string escape -- $words[(math $at + 1)..-2]) $words[-1])
end

complete -c confide -f
complete -c confide -n __fish_use_subcommand -a run -d 'run a command in a sandbox, with secrets where they are asked for'
complete -c confide -n __fish_use_subcommand -a shell -d 'run a shell command in a sandbox'
complete -c confide -n __fish_use_subcommand -a hook -d 'answer a client about one tool call'
complete -c confide -n __fish_use_subcommand -a secret -d 'keep, list, rotate and remove secrets of the embedded vault'
complete -c confide -n __fish_use_subcommand -a env -d 'name sets of variables, bound to references'
complete -c confide -n __fish_use_subcommand -a vault -d 'make and look after the embedded vault'
complete -c confide -n __fish_use_subcommand -a read -d 'print one secret on this terminal, or to a descriptor'
complete -c confide -n __fish_use_subcommand -a inject -d 'fill in a template of references, to a descriptor'
complete -c confide -n __fish_use_subcommand -a setup -d 'make a client call confide hook'
complete -c confide -n __fish_use_subcommand -a agent -d 'run a whole coding agent in a sandbox of its own'
complete -c confide -n __fish_use_subcommand -a prove -d 'play the attacker from here'
complete -c confide -n __fish_use_subcommand -a why -d 'say what held the last run that failed'
complete -c confide -n __fish_use_subcommand -a explain -d 'show what run would do, step by step, and why'
complete -c confide -n __fish_use_subcommand -a allow -d 'let a project\'s confide.toml count'
complete -c confide -n __fish_use_subcommand -a deny -d 'take that back'
complete -c confide -n __fish_use_subcommand -a doctor -d 'say what this kernel and this place allow'
complete -c confide -n __fish_use_subcommand -a mask -d 'copy standard input to standard output, secrets concealed'
complete -c confide -n __fish_use_subcommand -a ps -d 'list the live runs with secrets, and what is left of their leases'
complete -c confide -n __fish_use_subcommand -a provider -d 'list the stores that references may name, or try one'
complete -c confide -n __fish_use_subcommand -a policy -d 'check a policy file, or print its schema'
complete -c confide -n __fish_use_subcommand -a help -d 'list the verbs'
complete -c confide -n __fish_use_subcommand -l version -d 'print the version'
complete -c confide -n __fish_use_subcommand -l help -d 'list the verbs'
complete -c confide -n '__confide_verb run shell secret env vault read inject hook setup agent prove why explain allow deny doctor mask ps provider policy' -l help -d 'list the options'

complete -c confide -n '__confide_verb run explain mask' -l secret -x -d 'a secret by reference: NAME=REFERENCE'
complete -c confide -n '__confide_verb run explain mask' -l env-file -r -F -d 'variables and references'
complete -c confide -n '__confide_verb run explain' -l environment -x -d 'variables of a named environment'
complete -c confide -n '__confide_verb run explain' -l template -r -F -d 'a template, filled in at a path inside: FILE=PATH'
complete -c confide -n '__confide_verb run agent explain mask' -l profile -x -a 'tool readonly agent agent-codex agent-claude bench' -d 'what the sandbox may see and do'
complete -c confide -n '__confide_verb run agent explain mask' -l policy -r -F -d 'a file to use as the project\'s confide.toml'
complete -c confide -n '__confide_verb run agent explain' -l read -r -F -d 'show a path, read-only'
complete -c confide -n '__confide_verb run agent explain' -l write -r -F -d 'show a path, writable'
complete -c confide -n '__confide_verb run agent explain' -l hide -r -F -d 'show a folder as empty, a file as an empty one'
complete -c confide -n '__confide_verb run explain' -l protect -d 'keep what runs later outside as it is'
complete -c confide -n '__confide_verb run explain' -l network -x -a 'none host' -d 'no network, or the host\'s'
complete -c confide -n '__confide_verb run explain' -l env -x -a '(set --names --export)' -d 'pass a variable, or set one'
complete -c confide -n '__confide_verb run' -l lease -x -d 'how long the command may hold its secrets, as in 10m'
complete -c confide -n '__confide_verb run' -l lease-renew -d 'let confide ps --renew begin the lease anew'
complete -c confide -n '__confide_verb ps' -l renew -x -d 'begin the lease of a run anew'
complete -c confide -n '__confide_verb run explain' -l timeout -x -d 'end the run after this time, as in 30s'
complete -c confide -n '__confide_verb run explain' -l memory -x -d 'limit of memory, as in 2G'
complete -c confide -n '__confide_verb run explain' -l pids -x -d 'limit of processes'
complete -c confide -n '__confide_verb run explain' -l cpu -x -d 'limit of processors, as in 1.5'
complete -c confide -n '__confide_verb run agent prove why explain setup ps provider allow deny doctor secret env vault read inject' -l json -d 'JSON instead of text'
complete -c confide -n '__confide_verb run agent' -l dry-run -d 'print the plan and run nothing'
complete -c confide -n '__confide_verb run agent' -l status-fd -x -d 'write what happens to this descriptor'
complete -c confide -n '__confide_verb run' -l no-masking -d 'do not conceal secrets in the output'
complete -c confide -n '__confide_verb run' -l trace-launch -d 'print how long each step of the launch took'

complete -c confide -n '__confide_verb hook setup' -a 'codex claude'
complete -c confide -n '__confide_verb setup' -l user -d 'the settings of the account'
complete -c confide -n '__confide_verb setup' -l project -d 'the settings of the project'
complete -c confide -n '__confide_verb setup' -l managed -d 'the settings of the machine'
complete -c confide -n '__confide_verb setup' -l boxed -d 'codex: all commands in one sandbox'
complete -c confide -n '__confide_verb setup' -l print -d 'show the changes and make none'
complete -c confide -n '__confide_verb setup' -l remove -d 'take out what was put in'
complete -c confide -n '__confide_verb allow deny' -a '(__fish_complete_directories)'
complete -c confide -n '__confide_verb vault' -a 'init status rekey accept-restore gc'
complete -c confide -n '__confide_verb vault' -l key -x -a 'passphrase keyring systemd-creds file' -d 'how the vault is locked'
complete -c confide -n '__confide_verb vault' -l keep -x -d 'how many versions gc keeps'
complete -c confide -n '__confide_verb secret' -a 'set rotate list show rm reveal'
complete -c confide -n '__confide_verb secret' -l from-file -r -F -d 'take the value from a file'
complete -c confide -n '__confide_verb secret' -l generate -x -a 'alnum hex base64url password uuid' -d 'draw the value'
complete -c confide -n '__confide_verb secret' -l expires -x -d 'from when on runs warn, as in 90d'
complete -c confide -n '__confide_verb env' -a 'list show create set rename rm import'
complete -c confide -n '__confide_verb env; and __fish_seen_subcommand_from import' -F
complete -c confide -n '__confide_verb env' -l rewrite -d 'put references in the place of values'
complete -c confide -n '__confide_verb read inject' -l to-fd -x -d 'write to this descriptor'
complete -c confide -n '__confide_verb inject' -l in -r -F -d 'the template'
complete -c confide -n '__confide_verb inject' -l write-plaintext -r -F -d 'a new file with the values in plain text'
complete -c confide -n '__confide_verb prove' -l at-least -x -a '0 1 2 3' -d 'exit status 1 where the level is lower'
complete -c confide -n '__confide_verb why' -l path -r -F -d 'what this path was inside'
complete -c confide -n '__confide_verb why' -a last
complete -c confide -n '__confide_verb agent' -l for -x -a 'codex claude generic' -d 'whose state is shown'
complete -c confide -n '__confide_verb agent' -l pass -x -a '(set --names --export)' -d 'pass a variable that would be taken out'
complete -c confide -n '__confide_verb agent' -l no-inner-sandbox -d 'no user namespace can be made inside'
complete -c confide -n '__confide_verb agent' -l power -x -a 'ssh-agent docker host-root host-proc host-sys writable-system' -d 'something dangerous, by its name'
complete -c confide -n '__confide_verb agent' -l quiet -d 'say nothing at the start but warnings'

complete -c confide -n '__confide_verb provider' -a 'list test'
complete -c confide -n '__confide_verb policy' -a 'check schema'
complete -c confide -n '__confide_verb policy; and __fish_seen_subcommand_from check' -F
complete -c confide -n __confide_command -a '(__confide_complete_command)'
