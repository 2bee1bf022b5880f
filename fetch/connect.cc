// 1Password Connect: names to ids, sections, fields, files. The API: Connect's OpenAPI 1.5.7; the words of errors are
// those of 1Password's own SDK.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "fetch/http.h"
#include "fetch/session.h"

namespace confide::fetch {
namespace {

using nlohmann::json;

std::unexpected<Failure> fail(Why why, std::string what) { return std::unexpected(Failure{why, std::move(what)}); }

std::string member(const json& object, std::string_view name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool is_id(std::string_view text) {
  return text.size() == 26 &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

// The elements of `list` of which one of the members is `wanted`, case aside.
std::vector<const json*> matches(const json& list, std::string_view wanted,
                                 std::initializer_list<const char*> members) {
  std::vector<const json*> found;
  if (!list.is_array()) return found;
  const std::string name = lower(std::string(wanted));
  for (const json& one : list)
    if (std::ranges::any_of(members, [&](const char* key) { return lower(member(one, key)) == name; }))
      found.push_back(&one);
  return found;
}

const json& list_of(const json& item, std::string_view name) {
  static const json kNone = json::array();
  const auto found = item.find(name);
  return found == item.end() ? kNone : *found;
}

class Connect : public Session {
 public:
  explicit Connect(const Request& request) : request_(request) {}

  void forget() override { answers_.clear(); }
  std::optional<int64_t> renew_in_ms() override { return std::nullopt; }
  void renew() override {}
  void end() override {}

 private:
  Fetched<void> prepare() override {
    const std::string host = request_.variable("OP_CONNECT_HOST");
    if (host.empty()) return fail(Why::kNotConfigured, "set OP_CONNECT_HOST to the Connect server's address");
    if (request_.variable("OP_CONNECT_TOKEN").empty()) return fail(Why::kNotSignedIn, "set OP_CONNECT_TOKEN");
    auto http = Http::create(host, request_.variable("OP_CONNECT_CACERT"));
    if (!http) return std::unexpected(http.error());
    http_ = std::make_unique<Http>(std::move(*http));
    return {};
  }

  Fetched<std::string> get(const std::string& path) {
    if (const auto known = answers_.find(path); known != answers_.end()) return known->second;
    auto response = http_->send({.method = "GET",
                                 .path = path,
                                 .headers = {cat("Authorization: Bearer ", request_.variable("OP_CONNECT_TOKEN"))},
                                 .body = {}});
    if (!response) return std::unexpected(response.error());
    switch (response->status) {
      case 200: return answers_.emplace(path, std::move(response->body)).first->second;
      case 401: return fail(Why::kNotSignedIn, "OP_CONNECT_TOKEN is not valid");
      case 403: return fail(Why::kNoPermission, "the token may not see this vault");
      case 404: return fail(Why::kNoSuchItem, "no item matched");
      default: return fail(Why::kFailed, cat("status ", response->status));
    }
  }

  Fetched<json> get_json(const std::string& path) {
    auto body = get(path);
    if (!body) return std::unexpected(body.error());
    json parsed = json::parse(*body, nullptr, false);
    if (parsed.is_discarded()) return fail(Why::kUnusable, "the answer is no JSON");
    return parsed;
  }

  // A name's id: by the filter of the API, which compares exactly.
  Fetched<std::string> id_of(const std::string& path, const char* member_name, const std::string& name,
                             const char* what) {
    if (is_id(name)) return name;
    std::string quoted;
    for (const char c : name) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    auto list = get_json(cat(path, "?filter=", escape_part(cat(member_name, " eq \"", quoted, "\""))));
    if (!list) return std::unexpected(list.error());
    if (!list->is_array() || list->empty())
      return fail(Why::kNoSuchItem, cat("no ", what, " matched ", printable(name)));
    if (list->size() > 1)
      return fail(Why::kAmbiguous, cat("more than one ", what, " matched ", printable(name), "; name it by its id"));
    return member(list->front(), "id");
  }

  // vault, item, section, field, attribute
  Fetched<std::string> resolve(const std::vector<std::string>& want) override {
    if (want.size() != 5) return fail(Why::kFailed, "the request is malformed");
    if (want[4] == "openssh")
      return fail(Why::kUnusable, "Connect gives keys in their stored form only: leave ?ssh-format away");
    auto vault = id_of("/v1/vaults", "name", want[0], "vault");
    if (!vault) return std::unexpected(vault.error());
    const std::string items = cat("/v1/vaults/", escape_part(*vault), "/items");
    auto id = id_of(items, "title", want[1], "item");
    if (!id) return std::unexpected(id.error());
    const std::string item_path = cat(items, "/", escape_part(*id));
    auto item = get_json(item_path);
    if (!item) return std::unexpected(item.error());
    const std::string state = member(*item, "state");
    if (!state.empty() && state != "ACTIVE") return fail(Why::kNoSuchItem, "item is not in an active state");
    return pick(*item, item_path, want[2], want[3], want[4]);
  }

  Fetched<std::string> pick(const json& item, const std::string& item_path, const std::string& section,
                            const std::string& field, const std::string& attribute) {
    std::string section_id;
    if (!section.empty()) {
      const auto sections = matches(list_of(item, "sections"), section, {"id", "label"});
      if (sections.empty()) return fail(Why::kNoSuchItem, cat("no section matched ", printable(section)));
      if (sections.size() > 1) return fail(Why::kAmbiguous, cat("more than one section matched ", printable(section)));
      section_id = member(*sections.front(), "id");
    }
    const auto elsewhere = [&](const json* one) {
      if (section.empty()) return false;
      const auto place = one->find("section");
      return place == one->end() || member(*place, "id") != section_id;
    };
    auto fields = matches(list_of(item, "fields"), field, {"id", "label"});
    std::erase_if(fields, elsewhere);
    if (fields.size() > 1)
      return fail(Why::kAmbiguous, cat("more than one field matched ", printable(field), "; name its section"));
    if (fields.empty()) return pick_file(item, item_path, field, elsewhere);
    const json& found = *fields.front();
    if (attribute == "otp") {
      if (member(found, "type") != "OTP")
        return fail(Why::kUnusable, "TOTP attribute can only be applied to TOTP-type fields");
      return member(found, "totp");
    }
    std::string value = member(found, "value");
    if (value.empty()) return fail(Why::kUnusable, "the field is empty");
    return value;
  }

  template <class Elsewhere>
  Fetched<std::string> pick_file(const json& item, const std::string& item_path, const std::string& name,
                                 const Elsewhere& elsewhere) {
    auto files = matches(list_of(item, "files"), name, {"id", "name"});
    std::erase_if(files, elsewhere);
    if (files.empty()) return fail(Why::kNoSuchItem, "the specified field cannot be found");
    if (files.size() > 1) return fail(Why::kAmbiguous, cat("more than one file matched ", printable(name)));
    return get(cat(item_path, "/files/", escape_part(member(*files.front(), "id")), "/content"));
  }

  const Request& request_;
  std::unique_ptr<Http> http_;
  std::map<std::string, std::string> answers_;
};

}  // namespace

std::unique_ptr<Session> open_connect(const Request& request) { return std::make_unique<Connect>(request); }

}  // namespace confide::fetch
