// HashiCorp Vault and OpenBao: login, key-value stores of version 1 and 2, any other path that is read with GET
// (dynamic secrets), leases. The API: developer.hashicorp.com/vault/api-docs, openbao.org/api-docs.
#include <fcntl.h>
#include <time.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/sys.h"
#include "base/text.h"
#include "fetch/http.h"
#include "fetch/session.h"

namespace confide::fetch {
namespace {

using nlohmann::json;

constexpr const char* kKubernetesToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

json parse(const std::string& body) { return json::parse(body, nullptr, false); }

// The member, or null.
const json& at(const json& object, std::string_view name) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}
std::string text(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }
int64_t number(const json& value) { return value.is_number_integer() ? value.get<int64_t>() : 0; }

std::unexpected<Failure> fail(Why why, std::string what, std::string quoted = {}) {
  return std::unexpected(Failure{why, std::move(what), std::move(quoted)});
}

std::string first_error(const json& body) {
  const json& errors = at(body, "errors");
  return errors.is_array() && !errors.empty() ? printable(text(errors.front()).substr(0, 200)) : std::string();
}

int64_t now_ms() { return sys::clock_ms(CLOCK_BOOTTIME); }  // the store counts while this machine sleeps

// Something lent for a time, which runs from when it was asked for, not from when all answers were there.
struct Term {
  int64_t seconds = 0;  // 0: without an end
  int64_t due_ms = 0;   // when it is to be renewed

  void begin(int64_t lent_seconds, int64_t asked_ms) {
    seconds = lent_seconds;
    due_ms = asked_ms + seconds * 1000 * 2 / 3;
  }
  void try_again() { due_ms = now_ms() + std::max<int64_t>(seconds * 100, 500); }
};
struct Lease {
  std::string id;
  Term term;
};

// One path's answer, kept so that two keys of it belong together.
struct Secret {
  json data;
  std::string hint;  // about it, for errors
};

class Vault : public Session {
 public:
  explicit Vault(const Request& request) : request_(request) {}

  void forget() override {
    secrets_.clear();
    if (http_) http_->hang_up();
  }

  std::optional<int64_t> renew_in_ms() override {
    if (leases_.empty()) return std::nullopt;
    int64_t soonest = INT64_MAX;
    for (const Lease& lease : leases_) soonest = std::min(soonest, lease.term.due_ms);
    if (own_token_term_.seconds > 0) soonest = std::min(soonest, own_token_term_.due_ms);
    constexpr int64_t kLeastMs = 50;
    return std::max(soonest - now_ms(), kLeastMs);
  }

  void renew() override {
    http_->be_patient_again();
    for (Lease& lease : leases_) {
      const int64_t asked = now_ms();
      if (lease.term.due_ms > asked) continue;
      auto renewed = call({.method = "PUT",
                           .path = "/v1/sys/leases/renew",
                           .headers = {},
                           .body = json{{"lease_id", lease.id}}.dump()});
      if (renewed && renewed->status == 200)
        lease.term.begin(std::max<int64_t>(number(at(parse(renewed->body), "lease_duration")), 1), asked);
      else
        lease.term.try_again();
    }
    if (own_token_term_.seconds > 0 && own_token_term_.due_ms <= now_ms()) renew_own_token();
  }

  void end() override {
    if (!http_) return;
    http_->be_patient_again();
    for (const Lease& lease : leases_)
      (void)call({.method = "PUT",
                  .path = "/v1/sys/leases/revoke",
                  .headers = {},
                  .body = json{{"lease_id", lease.id}}.dump()});
    if (own_token_) (void)call({.method = "POST", .path = "/v1/auth/token/revoke-self", .headers = {}, .body = "{}"});
  }

 private:
  void renew_own_token() {
    const int64_t asked = now_ms();
    const auto renewed = call({.method = "POST", .path = "/v1/auth/token/renew-self", .headers = {}, .body = "{}"});
    const int64_t seconds =
        renewed && renewed->status == 200 ? number(at(at(parse(renewed->body), "auth"), "lease_duration")) : 0;
    if (seconds > 0)
      own_token_term_.begin(seconds, asked);
    else
      own_token_term_.try_again();
  }

  std::string either(std::string_view vault, std::string_view bao) const {
    const std::string value = request_.variable(vault);
    return value.empty() ? request_.variable(bao) : value;
  }

  Fetched<HttpResponse> call(HttpRequest request) {
    if (!token_.empty()) request.headers.push_back(cat("X-Vault-Token: ", token_));
    const std::string space = either("VAULT_NAMESPACE", "BAO_NAMESPACE");
    if (!space.empty()) request.headers.push_back(cat("X-Vault-Namespace: ", space));
    request.headers.emplace_back("X-Vault-Request: true");
    return http_->send(request);
  }

  Fetched<void> prepare() override {
    const std::string address = either("VAULT_ADDR", "BAO_ADDR");
    if (address.empty()) return fail(Why::kNotConfigured, "set VAULT_ADDR to the server's address");
    auto http = Http::create(address, either("VAULT_CACERT", "BAO_CACERT"));
    if (!http) return std::unexpected(http.error());
    http_ = std::make_unique<Http>(std::move(*http));
    token_ = either("VAULT_TOKEN", "BAO_TOKEN");
    if (!token_.empty()) return {};
    const std::string wrapped = request_.variable("VAULT_WRAPPED_TOKEN");
    if (!wrapped.empty()) return unwrap(wrapped);
    const std::string role_id = request_.variable("VAULT_ROLE_ID");
    if (!role_id.empty()) {
      json body{{"role_id", role_id}};
      const std::string secret_id = request_.variable("VAULT_SECRET_ID");
      if (!secret_id.empty()) body["secret_id"] = secret_id;
      return login("approle", body);
    }
    const std::string role = request_.variable("VAULT_ROLE");
    if (!role.empty()) return login_with_jwt(role);
    token_ = from_file(request_.variable("HOME") + "/.vault-token");
    if (!token_.empty()) return {};
    return fail(Why::kNotSignedIn,
                "set VAULT_TOKEN, sign in with `vault login`, or name a role (VAULT_ROLE_ID, VAULT_ROLE)");
  }

  static std::string from_file(const std::string& path) {
    const auto content = sys::read_file(path, 65536);
    return content ? std::string(trim(*content)) : std::string();
  }

  Fetched<void> login_with_jwt(const std::string& role) {
    std::string jwt = request_.variable("VAULT_JWT");
    const std::string file = request_.variable("VAULT_JWT_FILE");
    if (jwt.empty() && !file.empty()) {
      jwt = from_file(file);
      if (jwt.empty()) return fail(Why::kNotConfigured, "VAULT_JWT_FILE names a file that is empty or cannot be read");
    }
    if (!jwt.empty()) return login("jwt", json{{"role", role}, {"jwt", jwt}});
    jwt = from_file(kKubernetesToken);
    if (jwt.empty())
      return fail(Why::kNotSignedIn, "VAULT_ROLE needs VAULT_JWT, VAULT_JWT_FILE or a Kubernetes service account");
    return login("kubernetes", json{{"role", role}, {"jwt", jwt}});
  }

  Fetched<void> login(std::string_view usual_path, const json& body) {
    std::string path = request_.variable("VAULT_AUTH_PATH");
    if (path.empty()) path = usual_path;
    auto response = call(
        {.method = "POST", .path = cat("/v1/auth/", escape_path(path), "/login"), .headers = {}, .body = body.dump()});
    if (!response) return std::unexpected(response.error());
    return take_token(*response, cat("login at auth/", printable(path)));
  }

  Fetched<void> unwrap(const std::string& wrapped) {
    token_ = wrapped;
    auto response = call({.method = "POST", .path = "/v1/sys/wrapping/unwrap", .headers = {}, .body = "{}"});
    token_.clear();
    if (!response) return std::unexpected(response.error());
    return take_token(*response, "unwrapping VAULT_WRAPPED_TOKEN (it opens once, and soon expires)");
  }

  Fetched<void> take_token(const HttpResponse& response, const std::string& what) {
    const json body = parse(response.body);
    if (response.status != 200) return fail(Why::kNotSignedIn, cat(what, " was refused"), first_error(body));
    const json& auth = at(body, "auth");
    token_ = text(at(auth, "client_token"));
    if (token_.empty()) token_ = text(at(at(body, "data"), "token"));
    if (token_.empty()) return fail(Why::kNotSignedIn, cat(what, " gave no token"));
    own_token_ = true;
    own_token_term_.begin(number(at(auth, "lease_duration")), now_ms());
    return {};
  }

  // mount, path, key, version ("" for the newest)
  Fetched<std::string> resolve(const std::vector<std::string>& want) override {
    if (want.size() != 4) return fail(Why::kFailed, "the request is malformed");
    const std::string full = cat(want[0], "/", want[1]);
    const std::string name = cat(full, "?", want[3]);
    auto known = secrets_.find(name);
    if (known == secrets_.end()) known = secrets_.emplace(name, read(full, want[3])).first;
    if (!known->second) return std::unexpected(known->second.error());
    const json& data = known->second->data;
    const json& value = at(data, want[2]);
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_null()) return value.dump();
    std::vector<std::string> keys;
    for (const auto& [key, ignored] : data.items()) keys.push_back(printable(key));
    return fail(Why::kNoSuchItem, cat(printable(full), " has no key ", printable(want[2]),
                                      keys.empty() ? "" : cat("; it has: ", join(keys, ", "))));
  }

  struct Mount {
    std::string path;  // with a slash at its end
    bool versioned = false;
  };

  // As the vault program does it; a server that does not know the question has version 1 only.
  Fetched<Mount> mount_of(const std::string& full) {
    auto response = call(
        {.method = "GET", .path = cat("/v1/sys/internal/ui/mounts/", escape_path(full)), .headers = {}, .body = {}});
    if (!response) return std::unexpected(response.error());
    const json body = parse(response->body);
    if (response->status == 403) return refused(body, full);
    const json& data = at(body, "data");
    if (response->status != 200 || !data.is_object()) return Mount{full.substr(0, full.find('/') + 1), false};
    Mount mount{text(at(data, "path")), text(at(at(data, "options"), "version")) == "2"};
    if (mount.path.empty() || !full.starts_with(mount.path)) mount.path = full.substr(0, full.find('/') + 1);
    return mount;
  }

  std::unexpected<Failure> refused(const json& body, const std::string& full) {
    const std::string error = first_error(body);
    if (error.find("invalid token") != std::string::npos || error.find("missing client token") != std::string::npos)
      return fail(Why::kNotSignedIn, "the token is not valid any more");
    return fail(Why::kNoPermission, cat("the token's policies do not let it read ", printable(full)));
  }

  Fetched<Secret> read(const std::string& full, const std::string& version) {
    auto mount = mount_of(full);
    if (!mount) return std::unexpected(mount.error());
    std::string path = cat("/v1/", escape_path(full));
    if (mount->versioned) {
      path = cat("/v1/", escape_path(mount->path), "data/", escape_path(full.substr(mount->path.size())));
      if (!version.empty()) path += cat("?version=", version);
    } else if (!version.empty()) {
      return fail(Why::kNoSuchItem, cat(printable(mount->path), " keeps no versions (key-value version 1)"));
    }
    const int64_t asked = now_ms();
    auto response = call({.method = "GET", .path = path, .headers = {}, .body = {}});
    if (!response) return std::unexpected(response.error());
    const json body = parse(response->body);
    if (response->status == 403) return refused(body, full);
    if (response->status == 404) return missing(body, full);
    if (response->status != 200) return fail(Why::kFailed, cat("status ", response->status), first_error(body));
    const json& data = at(body, "data");
    const std::string lease = text(at(body, "lease_id"));
    if (!lease.empty()) {
      leases_.push_back({lease, {}});
      leases_.back().term.begin(std::max<int64_t>(number(at(body, "lease_duration")), 1), asked);
    }
    const json& inner = mount->versioned ? at(data, "data") : data;
    if (!inner.is_object()) return fail(Why::kUnusable, "the answer is none of a secret store");
    return Secret{inner, {}};
  }

  std::unexpected<Failure> missing(const json& body, const std::string& full) {
    const json& metadata = at(at(body, "data"), "metadata");
    const json& destroyed = at(metadata, "destroyed");
    if (destroyed.is_boolean() && destroyed.get<bool>())
      return fail(Why::kNoSuchItem, cat("this version of ", printable(full), " was destroyed"));
    if (!text(at(metadata, "deletion_time")).empty())
      return fail(Why::kNoSuchItem, cat("this version of ", printable(full), " was deleted"));
    return fail(Why::kNoSuchItem, cat("nothing is stored at ", printable(full)));
  }

  const Request& request_;
  std::unique_ptr<Http> http_;
  std::string token_;
  bool own_token_ = false;  // made by this session, so it ends with it
  Term own_token_term_;
  std::map<std::string, Fetched<Secret>> secrets_;
  std::vector<Lease> leases_;
};

}  // namespace

std::unique_ptr<Session> open_vault(const Request& request) { return std::make_unique<Vault>(request); }

}  // namespace confide::fetch
