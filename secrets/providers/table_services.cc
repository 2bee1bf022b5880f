// Stores that are somewhere else: an account, a server, a cloud.
#include "secrets/providers/table.h"

namespace confide::secrets::table {
namespace {

using policy::Scheme;
using Text = std::string_view;
using M = Meaning;

constexpr Text kStandIn = "a stand-in that records its arguments and prints what the real one does";
constexpr Text kLoopback = "a loopback server of ours that follows the published API, over TLS";

constexpr Text kOpArguments[] = {"read", "--no-newline", "{text}"};
constexpr Text kOpVariables[] = {"OP_ACCOUNT", "OP_CONNECT_HOST", "OP_BIOMETRIC_UNLOCK_ENABLED", "XDG_RUNTIME_DIR"};
constexpr Text kOpCredentials[] = {"OP_SERVICE_ACCOUNT_TOKEN", "OP_CONNECT_TOKEN", "OP_SESSION_*"};
constexpr Text kOpWrites[] = {"$XDG_CONFIG_HOME/op"};
constexpr Text kOpProbe[] = {"whoami"};
constexpr Text kOpSignIn = "sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN";
constexpr FailureRule kOpFailures[] = {
    {kAnyStatus, "1000 requests", M::kRateLimited,
     "the account's daily limit of 1Password is used up; it ends by itself within 24 hours, and a new token does not "
     "help (`op service-account ratelimit` shows it)"},
    {kAnyStatus, "daily", M::kRateLimited,
     "the account's daily limit of 1Password is used up; it ends by itself within 24 hours, and a new token does not "
     "help (`op service-account ratelimit` shows it)"},
    {kAnyStatus, "too many requests", M::kRateLimited,
     "this token's limit of requests in an hour, or the account's in a day, is used up (`op service-account ratelimit` "
     "shows which)"},
    {kAnyStatus, "rate limit", M::kRateLimited, "`op service-account ratelimit` shows until when"},
    {kAnyStatus, "(429)", M::kRateLimited, "`op service-account ratelimit` shows until when"},
    {kAnyStatus, "not currently signed in", M::kNotSignedIn, kOpSignIn},
    {kAnyStatus, "not signed in", M::kNotSignedIn, kOpSignIn},
    {kAnyStatus, "no account found", M::kNotSignedIn, kOpSignIn},
    {kAnyStatus, "no accounts configured", M::kNotSignedIn, kOpSignIn},
    {kAnyStatus, "session expired", M::kNotSignedIn, kOpSignIn},
    {kAnyStatus, "authorization prompt dismissed", M::kNotSignedIn, "the prompt of the 1Password app was dismissed"},
    {kAnyStatus, "connecting to desktop app", M::kNotSignedIn, "the 1Password app is not running or is locked"},
    {kAnyStatus, "failed to decodesacredentials", M::kNotSignedIn, "OP_SERVICE_ACCOUNT_TOKEN is no token"},
    {kAnyStatus, "(401)", M::kNotSignedIn, "the token is not valid any more"},
    {kAnyStatus, "(403)", M::kNoPermission, "the account or token may not see this vault"},
    {kAnyStatus, "isn't a vault", M::kNoSuchItem,
     "no vault of that name is visible to this account; a service account sees only the vaults it was made for"},
    {kAnyStatus, "more than one", M::kAmbiguous, "name it by its id"},
    {kAnyStatus, "isn't an item", M::kNoSuchItem, "no item of that name in the vault"},
    {kAnyStatus, "does not have a field", M::kNoSuchItem, "the item has no such field"},
    {kAnyStatus, "invalid secret reference", M::kNoSuchItem, "the reference is not one that op knows"},
    {kAnyStatus, "no such host", M::kUnreachable, "the name of the server cannot be resolved"},
    {kAnyStatus, "dial tcp", M::kUnreachable, "is there a network?"},
};

constexpr Text kBwArguments[] = {"get", "password", "{path}", "--nointeraction", "--raw"};
constexpr Text kBwKeyed[] = {"get", "item", "{path}", "--nointeraction", "--raw"};
constexpr Text kBwVariables[] = {"BITWARDENCLI_APPDATA_DIR", "NODE_EXTRA_CA_CERTS"};
constexpr Text kBwCredentials[] = {"BW_SESSION"};
constexpr Text kBwWrites[] = {"$BITWARDENCLI_APPDATA_DIR", "$XDG_CONFIG_HOME/Bitwarden CLI"};
constexpr Text kBwProbe[] = {"unlock", "--check", "--nointeraction"};
constexpr FailureRule kBwFailures[] = {
    {kAnyStatus, "not logged in", M::kNotSignedIn, "log in with `bw login`"},
    {kAnyStatus, "vault is locked", M::kNotSignedIn, "unlock it: export BW_SESSION=\"$(bw unlock --raw)\""},
    {kAnyStatus, "more than one result", M::kAmbiguous, "name the item by its id"},
    {kAnyStatus, "not found", M::kNoSuchItem, ""},
    {kAnyStatus, "no password available", M::kNoSuchItem, "the item has no password; name a field: bw://item#field"},
    {kAnyStatus, "rate limit", M::kRateLimited, "wait a minute"},
    {kAnyStatus, "econnrefused", M::kUnreachable, ""},
    {kAnyStatus, "enotfound", M::kUnreachable, ""},
};

constexpr Text kDopplerArguments[] = {"secrets",   "get",       "{name}",   "--plain",
                                      "--project", "{project}", "--config", "{config}"};
constexpr Text kDopplerVariables[] = {"DOPPLER_CONFIG_DIR", "DOPPLER_API_HOST", "DBUS_SESSION_BUS_ADDRESS",
                                      "XDG_RUNTIME_DIR"};
constexpr Text kDopplerCredentials[] = {"DOPPLER_TOKEN"};
constexpr Text kDopplerReads[] = {"~/.doppler", "$DOPPLER_CONFIG_DIR"};
constexpr Text kDopplerProbe[] = {"me"};
constexpr FailureRule kDopplerFailures[] = {
    {kAnyStatus, "must provide a token", M::kNotSignedIn, "log in with `doppler login`, or set DOPPLER_TOKEN"},
    {kAnyStatus, "invalid auth token", M::kNotSignedIn,
     "the token is not valid; `doppler login`, or set DOPPLER_TOKEN"},
    {kAnyStatus, "invalid service token", M::kNotSignedIn, "the token is not valid any more"},
    {kAnyStatus, "could not find requested", M::kNoSuchItem, "no such project, config or name"},
    {kAnyStatus, "does not have access", M::kNoPermission, "the token does not cover this project and config"},
    {kAnyStatus, "rate limit", M::kRateLimited, "wait a minute"},
    {kAnyStatus, "unable to access the doppler api", M::kUnreachable, "is there a network?"},
    {kAnyStatus, "dial tcp", M::kUnreachable, "is there a network?"},
};

constexpr Text kInfisicalArguments[] = {
    "secrets",        "get", "{name}", "--plain", "--silent", "--projectId={project}", "--env={environment}",
    "--path={folder}"};
constexpr Text kInfisicalVariables[] = {"INFISICAL_API_URL", "INFISICAL_DOMAIN", "DBUS_SESSION_BUS_ADDRESS",
                                        "XDG_RUNTIME_DIR"};
constexpr Text kInfisicalCredentials[] = {"INFISICAL_TOKEN"};
constexpr Text kInfisicalReads[] = {"~/.infisical"};
constexpr FailureRule kInfisicalFailures[] = {
    {kAnyStatus, "must be logged in", M::kNotSignedIn, "log in with `infisical login`, or set INFISICAL_TOKEN"},
    {kAnyStatus, "login session has expired", M::kNotSignedIn, "log in again with `infisical login`"},
    {kAnyStatus, "status-code=401", M::kNotSignedIn, "the token is not valid any more"},
    {kAnyStatus, "status-code=403", M::kNoPermission, "the token does not cover this project and environment"},
    {kAnyStatus, "status-code=404", M::kNoSuchItem, "no such project, environment or folder"},
    {kAnyStatus, "status-code=429", M::kRateLimited, "wait a minute"},
    {kAnyStatus, "dial tcp", M::kUnreachable, "is there a network?"},
    {0, "", M::kNoSuchItem, "the folder has no secret of that name"},
};

constexpr Text kAwsArguments[] = {"secretsmanager", "get-secret-value", "--secret-id", "{path}", "--output", "json"};
constexpr Text kAwsVariables[] = {"AWS_PROFILE",
                                  "AWS_DEFAULT_PROFILE",
                                  "AWS_REGION",
                                  "AWS_DEFAULT_REGION",
                                  "AWS_CONFIG_FILE",
                                  "AWS_SHARED_CREDENTIALS_FILE",
                                  "AWS_ENDPOINT_URL",
                                  "AWS_ENDPOINT_URL_SECRETS_MANAGER",
                                  "AWS_CA_BUNDLE",
                                  "AWS_ROLE_ARN",
                                  "AWS_WEB_IDENTITY_TOKEN_FILE"};
constexpr Text kAwsCredentials[] = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"};
constexpr Text kAwsReads[] = {"~/.aws", "$AWS_CONFIG_FILE", "$AWS_SHARED_CREDENTIALS_FILE", "$AWS_CA_BUNDLE",
                              "$AWS_WEB_IDENTITY_TOKEN_FILE"};
constexpr Text kAwsWrites[] = {"~/.aws/sso/cache", "~/.aws/cli/cache"};
constexpr Text kAwsProbe[] = {"sts", "get-caller-identity", "--output", "json"};
constexpr FailureRule kAwsFailures[] = {
    {kAnyStatus, "unable to locate credentials", M::kNotSignedIn,
     "sign in with `aws sso login` or `aws configure`, or set AWS_PROFILE"},
    {kAnyStatus, "error loading sso token", M::kNotSignedIn, "sign in with `aws sso login`"},
    {kAnyStatus, "token has expired", M::kNotSignedIn, "sign in again with `aws sso login`"},
    {kAnyStatus, "expiredtoken", M::kNotSignedIn, "the session has expired; sign in again"},
    {kAnyStatus, "unrecognizedclient", M::kNotSignedIn, "the access key is not known"},
    {kAnyStatus, "invalidsignature", M::kNotSignedIn, "the secret access key is wrong"},
    {kAnyStatus, "must specify a region", M::kNotConfigured, "set AWS_REGION"},
    {kAnyStatus, "could not be found", M::kNotConfigured, "the profile is not in ~/.aws/config"},
    {kAnyStatus, "resourcenotfound", M::kNoSuchItem, "no such secret in this account and region"},
    {kAnyStatus, "accessdenied", M::kNoPermission, "secretsmanager:GetSecretValue (and kms:Decrypt) is not allowed"},
    {kAnyStatus, "throttling", M::kRateLimited, ""},
    {kAnyStatus, "could not connect to the endpoint", M::kUnreachable, "is the region right?"},
};

constexpr Text kGcloudArguments[] = {
    "secrets", "versions", "access", "{version}", "--secret={name}", "--project={project}", "--quiet"};
constexpr Text kGcloudVariables[] = {"CLOUDSDK_CONFIG",
                                     "CLOUDSDK_ACTIVE_CONFIG_NAME",
                                     "CLOUDSDK_CORE_ACCOUNT",
                                     "CLOUDSDK_PYTHON",
                                     "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
                                     "GOOGLE_APPLICATION_CREDENTIALS"};
constexpr Text kGcloudCredentials[] = {"CLOUDSDK_AUTH_ACCESS_TOKEN"};
constexpr Text kGcloudReads[] = {"$GOOGLE_APPLICATION_CREDENTIALS", "$CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"};
constexpr Text kGcloudWrites[] = {"$CLOUDSDK_CONFIG", "$XDG_CONFIG_HOME/gcloud"};
constexpr Text kGcloudProbe[] = {"auth", "print-access-token", "--quiet"};
constexpr FailureRule kGcloudFailures[] = {
    {kAnyStatus, "do not currently have an active account", M::kNotSignedIn, "sign in with `gcloud auth login`"},
    {kAnyStatus, "reauthentication", M::kNotSignedIn, "sign in again with `gcloud auth login`"},
    {kAnyStatus, "problem refreshing", M::kNotSignedIn, "sign in again with `gcloud auth login`"},
    {kAnyStatus, "unauthenticated", M::kNotSignedIn, "sign in with `gcloud auth login`"},
    {kAnyStatus, "permission_denied", M::kNoPermission, "secretmanager.versions.access is not allowed"},
    {kAnyStatus, "not_found", M::kNoSuchItem, "no such project, secret or version"},
    {kAnyStatus, "failed_precondition", M::kNoSuchItem, "the version is disabled or destroyed"},
    {kAnyStatus, "resource_exhausted", M::kRateLimited, ""},
    {kAnyStatus, "unavailable", M::kUnreachable, ""},
};

constexpr Text kVaultVariables[] = {"VAULT_ADDR",     "BAO_ADDR",     "VAULT_NAMESPACE", "BAO_NAMESPACE",
                                    "VAULT_CACERT",   "BAO_CACERT",   "VAULT_AUTH_PATH", "VAULT_ROLE",
                                    "VAULT_JWT_FILE", "VAULT_ROLE_ID"};
constexpr Text kVaultCredentials[] = {"VAULT_TOKEN", "BAO_TOKEN", "VAULT_WRAPPED_TOKEN", "VAULT_SECRET_ID",
                                      "VAULT_JWT"};
constexpr Text kVaultReads[] = {"~/.vault-token", "$VAULT_CACERT", "$BAO_CACERT", "$VAULT_JWT_FILE",
                                "/var/run/secrets/kubernetes.io/serviceaccount/token"};

constexpr Text kConnectVariables[] = {"OP_CONNECT_HOST", "OP_CONNECT_CACERT"};
constexpr Text kConnectCredentials[] = {"OP_CONNECT_TOKEN"};
constexpr Text kConnectReads[] = {"$OP_CONNECT_CACERT"};

constexpr Provider kRows[] = {
    {.name = "op",
     .scheme = Scheme::kOp,
     .program = "op",
     .arguments = kOpArguments,
     .output = Output::kBytes,
     .timeout_ms = 60'000,  // a person may have to answer the app's prompt
     .pace = Pace::kTogether,
     .confined = Confined::kWithCredential,
     .why_not = "op is setgid and talks to the 1Password app over a socket",
     .network = Reach::kHost,
     .variables = kOpVariables,
     .credentials = kOpCredentials,
     .writes = kOpWrites,
     .failures = kOpFailures,
     .probe = kOpProbe,
     .tested = kStandIn},
    {.name = "connect",
     .scheme = Scheme::kConnect,
     .how = How::kHttp,
     .call = "1Password Connect's REST API, by confide-fetch",
     .network = Reach::kHost,
     .variables = kConnectVariables,
     .credentials = kConnectCredentials,
     .reads = kConnectReads,
     .tested = kLoopback},
    {.name = "vault",
     .scheme = Scheme::kVault,
     .how = How::kHttp,
     .call = "the HTTP API of HashiCorp Vault and OpenBao, by confide-fetch",
     .network = Reach::kHost,
     .variables = kVaultVariables,
     .credentials = kVaultCredentials,
     .reads = kVaultReads,
     .tested = kLoopback},
    {.name = "doppler",
     .scheme = Scheme::kDoppler,
     .program = "doppler",
     .arguments = kDopplerArguments,
     .confined = Confined::kWithCredential,
     .why_not = "its login lies in the desktop's keyring, behind a socket",
     .network = Reach::kHost,
     .variables = kDopplerVariables,
     .credentials = kDopplerCredentials,
     .reads = kDopplerReads,
     .failures = kDopplerFailures,
     .probe = kDopplerProbe,
     .tested = kStandIn},
    {.name = "infisical",
     .scheme = Scheme::kInfisical,
     .program = "infisical",
     .arguments = kInfisicalArguments,
     .confined = Confined::kWithCredential,
     .why_not = "its login lies in the desktop's keyring, behind a socket",
     .network = Reach::kHost,
     .variables = kInfisicalVariables,
     .credentials = kInfisicalCredentials,
     .reads = kInfisicalReads,
     .failures = kInfisicalFailures,
     .tested = kStandIn},
    {.name = "bw",
     .scheme = Scheme::kBitwarden,
     .program = "bw",
     .arguments = kBwArguments,
     .keyed_arguments = kBwKeyed,
     .keyed_output = Output::kJson,
     .keyed_field = "fields[name={key}].value",
     .timeout_ms = 60'000,
     .network = Reach::kHost,
     .variables = kBwVariables,
     .credentials = kBwCredentials,
     .writes = kBwWrites,
     .failures = kBwFailures,
     .probe = kBwProbe,
     .tested = kStandIn},
    {.name = "aws",
     .scheme = Scheme::kAwsSm,
     .program = "aws",
     .arguments = kAwsArguments,
     .keyed_arguments = kAwsArguments,
     .output = Output::kJson,
     .keyed_output = Output::kJsonWithin,
     .field = "SecretString",
     .keyed_field = "SecretString",
     .network = Reach::kHost,
     .variables = kAwsVariables,
     .credentials = kAwsCredentials,
     .reads = kAwsReads,
     .writes = kAwsWrites,
     .failures = kAwsFailures,
     .probe = kAwsProbe,
     .tested = kStandIn},
    {.name = "gcloud",
     .scheme = Scheme::kGcpSm,
     .program = "gcloud",
     .arguments = kGcloudArguments,
     .output = Output::kBytes,
     .timeout_ms = 60'000,
     .network = Reach::kHost,
     .variables = kGcloudVariables,
     .credentials = kGcloudCredentials,
     .reads = kGcloudReads,
     .writes = kGcloudWrites,
     .failures = kGcloudFailures,
     .probe = kGcloudProbe,
     .tested = kStandIn},
};

}  // namespace

std::span<const Provider> services() { return kRows; }

}  // namespace confide::secrets::table
