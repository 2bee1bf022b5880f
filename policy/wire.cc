#include "policy/wire.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <variant>

#include "base/text.h"
#include "policy/mask_names.h"
#include "policy/paths.h"
#include "policy/read_value.h"
#include "policy/wire_fields.h"

namespace confide::policy {
namespace {

constexpr uint16_t kVersion = 1;
constexpr uint16_t kPolicyKind = 1;
constexpr uint16_t kDocumentKind = 2;

Error malformed(std::string_view what) { return Error{ErrorKind::kRefused, 0, cat("message: ", what)}; }

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool number_fits(const KeyInfo& info, uint64_t number) {
  switch (info.shape) {
    case Shape::kWord:
    case Shape::kFlag: return number < info.words.size();
    case Shape::kVersion: return number == 1;
    case Shape::kSize:
    case Shape::kDuration:
    case Shape::kCount: return number >= info.least && number <= info.most;
    case Shape::kNumber:
    case Shape::kName:
    case Shape::kReference:
    case Shape::kPlain:
    case Shape::kTarget:
    case Shape::kPaths:
    case Shape::kVariableNames:
    case Shape::kGlobs:
    case Shape::kWords:
    case Shape::kToolchains:
    case Shape::kPairs:
    case Shape::kTables: return false;
  }
  return false;
}

bool is_list(Shape shape) {
  return shape == Shape::kPaths || shape == Shape::kGlobs || shape == Shape::kVariableNames ||
         shape == Shape::kToolchains || shape == Shape::kWords;
}

bool item_fits(Shape shape, const Item& item) {
  if (shape == Shape::kPaths) return check_path_text(item.text, PathSource::kFile).has_value();
  if (shape == Shape::kGlobs) return check_glob(item.text).has_value();
  if (shape == Shape::kVariableNames) return is_variable_name(item.text);
  if (shape == Shape::kToolchains) return is_name(item.text);
  return shape == Shape::kWords && !has_nul(item.text);
}

bool all_fit(const std::vector<Setting>& settings, Section section) {
  return std::ranges::all_of(settings, [section](const Setting& setting) { return fits(setting, section); });
}

}  // namespace

bool fits(const Setting& setting, Section section) {
  const KeyInfo* info = find_key(section, setting.key);
  if (info == nullptr) return false;
  if (const auto* number = std::get_if<uint64_t>(&setting.value)) return number_fits(*info, *number);
  if (const auto* real = std::get_if<double>(&setting.value)) {
    return info->shape == Shape::kNumber && std::isfinite(*real) && *real > 0 &&
           *real <= static_cast<double>(info->most);
  }
  if (const auto* text = std::get_if<std::string>(&setting.value)) return info->shape == Shape::kName && is_name(*text);
  if (const auto* items = std::get_if<std::vector<Item>>(&setting.value)) {
    return is_list(info->shape) &&
           std::ranges::all_of(*items, [&](const Item& item) { return item_fits(info->shape, item); });
  }
  const auto& pairs = std::get<std::vector<Pair>>(setting.value);
  return info->shape == Shape::kPairs && std::ranges::all_of(pairs, [](const Pair& pair) {
           return is_variable_name(pair.name) && !has_nul(pair.value);
         });
}

std::string encode(const Policy& policy) { return archive::seal(kPolicyKind, kVersion, policy); }
std::string encode(const Document& document) { return archive::seal(kDocumentKind, kVersion, document); }

Status check_values(const Policy& policy) {
  for (const PathRule& rule : policy.paths)
    if (!is_normal(rule.path)) return malformed("a path that is not absolute and normal");
  for (const std::string& glob : policy.masks.globs) TRY(check_glob(glob));
  for (const std::string& glob : policy.masks.exceptions) TRY(check_glob(glob));
  for (const std::string& glob : policy.masks.always) TRY(check_glob(glob));
  for (const std::string& name : policy.output.mask_anyway)
    if (!is_variable_name(name)) return malformed("a variable name that is none");
  for (const std::string& name : policy.environment.pass)
    if (!is_variable_name(name)) return malformed("a variable name that is none");
  for (const auto& [name, value] : policy.environment.set)
    if (!is_variable_name(name) || has_nul(value)) return malformed("a variable that cannot be set");
  const Limits& limits = policy.limits;
  if (limits.cpus && !(std::isfinite(*limits.cpus) && *limits.cpus > 0))
    return malformed("a limit on cpu that is none");
  if (limits.timeout_ms.value_or(1) <= 0 || limits.grace_ms < 0) return malformed("a negative time");
  return {};
}

Result<Policy> decode_policy(std::string_view bytes) {
  Policy policy = TRY(archive::open<Policy>(kPolicyKind, kVersion, bytes));
  TRY(check_values(policy));
  return policy;
}

Result<Document> decode_document(std::string_view bytes) {
  Document document = TRY(archive::open<Document>(kDocumentKind, kVersion, bytes));
  const auto& chosen = document.default_profile;
  if (chosen && (chosen->key != Key::kDefaultProfile || !fits(*chosen, Section::kDocument)))
    return malformed("a setting with a value of another kind");
  if (!all_fit(document.administrator, Section::kAdministrator))
    return malformed("a setting with a value of another kind");
  for (const ProfileText& profile : document.profiles)
    if (!is_name(profile.name) || !all_fit(profile.settings, Section::kProfile))
      return malformed("a setting with a value of another kind");
  return document;
}

}  // namespace confide::policy
