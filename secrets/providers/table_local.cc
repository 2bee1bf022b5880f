// Stores that are on this machine: encrypted files, keyrings, programs of the person's own.
#include "secrets/providers/table.h"

namespace confide::secrets::table {
namespace {

using policy::Scheme;
using Text = std::string_view;
using M = Meaning;

constexpr Text kTheProgram = "the program itself";
constexpr Text kStandIn = "a stand-in that records its arguments and prints what the real one does";

constexpr Text kGpgVariables[] = {"GNUPGHOME", "PASSWORD_STORE_DIR", "GPG_TTY",
                                  "DISPLAY",   "WAYLAND_DISPLAY",    "XAUTHORITY",
                                  "TERM",      "XDG_RUNTIME_DIR",    "DBUS_SESSION_BUS_ADDRESS"};

constexpr Text kAgeArguments[] = {"--decrypt", "--identity", "{found}", "{path}"};
constexpr Text kAgeVariables[] = {"AGE_IDENTITY_FILE"};
constexpr Text kAgeReads[] = {"{path}", "{found}"};
constexpr Text kAgeSearch[] = {"$AGE_IDENTITY_FILE", "$XDG_CONFIG_HOME/age/identity.txt",
                               "$XDG_CONFIG_HOME/age/keys.txt", "$XDG_CONFIG_HOME/sops/age/keys.txt",
                               "~/.ssh/id_ed25519"};
constexpr Text kAgeProbe[] = {"--version"};
constexpr FailureRule kAgeFailures[] = {
    {kAnyStatus, "no identity matched", M::kNoPermission,
     "the file is encrypted to other recipients than this identity"},
    {kAnyStatus, "failed to open", M::kNoSuchItem, "the file cannot be opened"},
    {kAnyStatus, "could not read passphrase", M::kNotSignedIn,
     "the identity is locked with a passphrase, and nobody is asked for it here"},
    {kAnyStatus, "reading passphrase", M::kNotSignedIn,
     "the identity is locked with a passphrase, and nobody is asked for it here"},
    {kAnyStatus, "no such file", M::kNoSuchItem, "the file is not there"},
    {kAnyStatus, "permission denied", M::kNoPermission, "the file or the identity cannot be read"},
    {kAnyStatus, "malformed", M::kUnusable, "the file is not one that age made"},
    {kAnyStatus, "failed to read header", M::kUnusable, "the file is not one that age made"},
};

constexpr Text kSopsArguments[] = {"--decrypt", "--extract", "{tree}", "{path}"};
constexpr Text kSopsVariables[] = {
    "SOPS_AGE_KEY_FILE", "SOPS_KMS_ARN",    "AWS_PROFILE",    "AWS_REGION", "GOOGLE_APPLICATION_CREDENTIALS",
    "VAULT_ADDR",        "AZURE_TENANT_ID", "AZURE_CLIENT_ID"};
constexpr Text kSopsCredentials[] = {"SOPS_AGE_KEY",      "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
                                     "AWS_SESSION_TOKEN", "VAULT_TOKEN",       "AZURE_CLIENT_SECRET"};
constexpr Text kSopsReads[] = {"{path}", "$SOPS_AGE_KEY_FILE",      "$XDG_CONFIG_HOME/sops",
                               "~/.aws", "$XDG_CONFIG_HOME/gcloud", "$GOOGLE_APPLICATION_CREDENTIALS"};
constexpr Text kSopsProbe[] = {"--version"};
constexpr FailureRule kSopsFailures[] = {
    {91, "", M::kNoSuchItem, "the document has no such key"},
    {kAnyStatus, "not found", M::kNoSuchItem, "the document has no such key"},
    {2, "", M::kNoSuchItem, "the file cannot be read"},
    {kAnyStatus, "no such file", M::kNoSuchItem, "the file is not there"},
    {kAnyStatus, "gpg", M::kNotSignedIn,
     "the file is encrypted to a PGP key, and gpg-agent is out of a confined provider's reach: add an age recipient, "
     "or "
     "use a wrapper of your own (exec:)"},
    {128, "", M::kNotSignedIn,
     "none of the file's keys could be had: is SOPS_AGE_KEY_FILE, or the cloud account, right?"},
    {51, "", M::kUnusable, "the file was changed by hand: its MAC does not fit"},
    {kAnyStatus, "sops metadata not found", M::kUnusable, "the file is not encrypted by sops"},
};

constexpr Text kPassArguments[] = {"show", "{path}"};
constexpr Text kPassProbe[] = {"ls"};
constexpr FailureRule kPassFailures[] = {
    {kAnyStatus, "is not in the password store", M::kNoSuchItem, "`pass ls` shows what there is"},
    {kAnyStatus, "password store is empty", M::kNotConfigured, "make one with `pass init`"},
    {kAnyStatus, "no secret key", M::kNoPermission, "the entry is encrypted to a key that is not here"},
    {kAnyStatus, "no pinentry", M::kNotSignedIn,
     "gpg-agent has no way to ask for the passphrase; unlock the key first"},
    {kAnyStatus, "inappropriate ioctl", M::kNotSignedIn, "gpg-agent has no terminal to ask on; export GPG_TTY=$(tty)"},
    {kAnyStatus, "operation cancelled", M::kNotSignedIn, "the passphrase prompt was cancelled"},
    {kAnyStatus, "bad passphrase", M::kNotSignedIn, "wrong passphrase"},
    {kAnyStatus, "timeout", M::kNotSignedIn, "nobody answered the passphrase prompt"},
};

constexpr Text kGopassArguments[] = {"show", "--password", "--nosync", "{path}"};
constexpr Text kGopassKeyed[] = {"show", "--nosync", "{path}", "{key}"};
constexpr Text kGopassProbe[] = {"ls", "--flat"};
constexpr FailureRule kGopassFailures[] = {
    {kAnyStatus, "not in the password store", M::kNoSuchItem, "`gopass ls` shows what there is"},
    {kAnyStatus, "not found", M::kNoSuchItem, "`gopass ls` shows what there is"},
    {kAnyStatus, "no such key", M::kNoSuchItem, "the entry has no such key"},
    {kAnyStatus, "not initialized", M::kNotConfigured, "make a store with `gopass setup`"},
    {kAnyStatus, "no secret key", M::kNoPermission, "the entry is encrypted to a key that is not here"},
    {kAnyStatus, "decrypt", M::kNotSignedIn, "the entry cannot be decrypted; is the key locked?"},
};

constexpr Text kSecretToolArguments[] = {"lookup", "{attributes}"};
constexpr Text kSecretToolVariables[] = {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "DISPLAY", "WAYLAND_DISPLAY"};
constexpr FailureRule kSecretToolFailures[] = {
    {kAnyStatus, "org.freedesktop.secrets", M::kNotConfigured,
     "no Secret Service is running: start gnome-keyring or KWallet"},
    {kAnyStatus, "cannot autolaunch", M::kNotConfigured,
     "there is no session bus: DBUS_SESSION_BUS_ADDRESS is not set"},
    {kAnyStatus, "could not connect", M::kNotConfigured, "the session bus does not answer"},
    {kAnyStatus, "locked", M::kNotSignedIn, "the keyring is locked"},
    {kAnyStatus, "dismissed", M::kNotSignedIn, "the prompt of the keyring was dismissed"},
    {1, "", M::kNoSuchItem, "no item has these attributes, or its keyring is locked"},
};

constexpr Text kCredentialSearch[] = {"$CREDENTIALS_DIRECTORY/{name}", "/run/credentials/@system/{name}"};
constexpr Text kSystemdCredsArguments[] = {"decrypt", "--name={name}", "{found}", "-"};
constexpr Text kSystemdCredsSearch[] = {
    "$XDG_CONFIG_HOME/credstore.encrypted/{name}", "/etc/credstore.encrypted/{name}", "/run/credstore.encrypted/{name}",
    "/usr/local/lib/credstore.encrypted/{name}", "/usr/lib/credstore.encrypted/{name}"};
constexpr Text kSystemdCredsProbe[] = {"--version"};
constexpr FailureRule kSystemdCredsFailures[] = {
    {kAnyStatus, "does not match", M::kNoPermission, "the credential was encrypted under another name"},
    {kAnyStatus, "time passed", M::kNoPermission, "the credential has expired (--not-after)"},
    {kAnyStatus, "permission denied", M::kNoPermission,
     "the host's key is root's: decrypt as root, or encrypt with --with-key=tpm2-absent (no secrecy)"},
    {kAnyStatus, "host secret", M::kNotConfigured, "this host has no key: `systemd-creds setup`"},
    {kAnyStatus, "tpm2", M::kNotConfigured, "the credential is bound to a TPM that does not open it here"},
    {kAnyStatus, "bad message", M::kUnusable, "the file is no credential of this host"},
    {kAnyStatus, "decryption failed", M::kUnusable, "the file is no credential of this host"},
};

constexpr std::span<const Text> kExecArguments;
constexpr Text kExecKeyed[] = {"{id}"};
constexpr Text kExecReads[] = {"~", "{found}"};
constexpr Text kExecSearch[] = {"$XDG_CONFIG_HOME/confide/providers/{name}", "/etc/confide/providers/{name}",
                                "/usr/local/lib/summon/{name}"};
constexpr Text kExecUnconfinedSearch[] = {"$XDG_CONFIG_HOME/confide/providers-unconfined/{name}",
                                          "/etc/confide/providers-unconfined/{name}"};
constexpr Text kExecUnconfinedVariables[] = {"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
                                             "DISPLAY",         "WAYLAND_DISPLAY",
                                             "XAUTHORITY",      "GPG_TTY",
                                             "GNUPGHOME",       "TERM"};

constexpr Provider kRows[] = {
    {.name = "age",
     .scheme = Scheme::kAge,
     .program = "age",
     .arguments = kAgeArguments,
     .output = Output::kBytes,
     .variables = kAgeVariables,
     .reads = kAgeReads,
     .search = kAgeSearch,
     .not_found = "no identity: set AGE_IDENTITY_FILE, or put one into ~/.config/age/identity.txt",
     .not_found_means = M::kNotConfigured,
     .failures = kAgeFailures,
     .probe = kAgeProbe,
     .tested = kTheProgram},
    {.name = "sops",
     .scheme = Scheme::kSops,
     .program = "sops",
     .arguments = kSopsArguments,
     .output = Output::kBytes,
     .network = Reach::kHost,
     .variables = kSopsVariables,
     .credentials = kSopsCredentials,
     .reads = kSopsReads,
     .failures = kSopsFailures,
     .probe = kSopsProbe,
     .tested = kStandIn},
    {.name = "pass",
     .scheme = Scheme::kPass,
     .program = "pass",
     .arguments = kPassArguments,
     .keyed_arguments = kPassArguments,
     .output = Output::kFirstLine,
     .keyed_output = Output::kLineOfKey,
     .timeout_ms = 60'000,
     .pace = Pace::kOneAtATime,  // one prompt for a passphrase, not ten
     .confined = Confined::kNever,
     .why_not = "gpg needs gpg-agent's socket and its pinentry",
     .variables = kGpgVariables,
     .failures = kPassFailures,
     .probe = kPassProbe,
     .tested = kTheProgram},
    {.name = "gopass",
     .scheme = Scheme::kGopass,
     .program = "gopass",
     .arguments = kGopassArguments,
     .keyed_arguments = kGopassKeyed,
     .timeout_ms = 60'000,
     .pace = Pace::kOneAtATime,
     .confined = Confined::kNever,
     .why_not = "gpg needs gpg-agent's socket and its pinentry",
     .variables = kGpgVariables,
     .failures = kGopassFailures,
     .probe = kGopassProbe,
     .tested = kStandIn},
    {.name = "secret-tool",
     .scheme = Scheme::kSecretService,
     .program = "secret-tool",
     .arguments = kSecretToolArguments,
     .output = Output::kBytes,
     .timeout_ms = 60'000,
     .pace = Pace::kOneAtATime,
     .confined = Confined::kNever,
     .why_not = "the Secret Service is behind the session bus's socket",
     .variables = kSecretToolVariables,
     .failures = kSecretToolFailures,
     .tested = "the program itself, with gnome-keyring"},
    {.name = "credentials-directory",
     .scheme = Scheme::kSystemdCred,
     .how = How::kFile,
     .call = "the file of that name in $CREDENTIALS_DIRECTORY",
     .search = kCredentialSearch,
     .tested = "a folder like systemd's"},
    {.name = "systemd-creds",
     .scheme = Scheme::kSystemdCred,
     .program = "systemd-creds",
     .arguments = kSystemdCredsArguments,
     .output = Output::kBytes,
     .confined = Confined::kNever,
     .why_not = "it needs the host's key and the TPM, which no sandbox shows",
     .search = kSystemdCredsSearch,
     .not_found = "neither in $CREDENTIALS_DIRECTORY nor encrypted in ~/.config/credstore.encrypted or "
                  "/etc/credstore.encrypted",
     .failures = kSystemdCredsFailures,
     .probe = kSystemdCredsProbe,
     .tested = kTheProgram},
    {.name = "keyring",
     .scheme = Scheme::kKeyring,
     .how = How::kKeyring,
     .call = "keyctl(2), KEYCTL_SEARCH for a key of type user and KEYCTL_READ",
     .tested = "the kernel, with keyctl"},
    {.name = "exec",
     .scheme = Scheme::kExec,
     .program = "{found}",
     .arguments = kExecArguments,
     .keyed_arguments = kExecKeyed,
     .timeout_ms = 60'000,
     .network = Reach::kHost,
     .reads = kExecReads,
     .search = kExecSearch,
     .tested = "programs of ours that follow the convention"},
    {.name = "exec-unconfined",
     .scheme = Scheme::kExec,
     .program = "{found}",
     .arguments = kExecArguments,
     .keyed_arguments = kExecKeyed,
     .timeout_ms = 60'000,
     .confined = Confined::kNever,
     .why_not = "whoever put it into that folder said so",
     .variables = kExecUnconfinedVariables,
     .search = kExecUnconfinedSearch,
     .not_found = "there is no such program in ~/.config/confide/providers, /etc/confide/providers or "
                  "/usr/local/lib/summon (or, to "
                  "run without a sandbox, in ~/.config/confide/providers-unconfined)",
     .not_found_means = M::kMissingProgram,
     .tested = "programs of ours that follow the convention"},
};

}  // namespace

std::span<const Provider> local() { return kRows; }

}  // namespace confide::secrets::table
