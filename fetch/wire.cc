#include "fetch/wire.h"

#include "base/text.h"

namespace confide::fetch {

std::string Request::variable(std::string_view name) const {
  const auto at = variables.find(name);
  return at == variables.end() ? std::string() : at->second;
}

Result<Request> parse_request(std::string_view bytes) {
  Request request;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\0');
    const std::string_view field = bytes.substr(0, end);
    const size_t equals = field.find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos)
      return Error{ErrorKind::kRefused, 0, "the request is malformed"};
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(equals + 1);
    if (name == "scheme") {
      request.scheme = value;
    } else if (name == "nonce") {
      request.nonce = value;
    } else if (name == "want") {
      std::vector<std::string> parts;
      for (const std::string_view part : split(value, kPart)) parts.emplace_back(part);
      request.wants.push_back(std::move(parts));
    } else if (name == "env") {
      const size_t second = value.find('=');
      if (second == std::string_view::npos) return Error{ErrorKind::kRefused, 0, "the request is malformed"};
      request.variables.emplace(value.substr(0, second), value.substr(second + 1));
    } else {
      return Error{ErrorKind::kRefused, 0, "the request has a field that is not known"};
    }
    bytes.remove_prefix(end + 1);
  }
  return request;
}

std::string encode_answers(const std::vector<Answer>& answers, std::string_view nonce) {
  std::string out;
  for (const Answer& answer : answers) {
    std::string bytes = answer.failure ? answer.failure->text : answer.value;
    if (answer.failure && !answer.failure->quoted.empty()) bytes.append(1, kPart).append(answer.failure->quoted);
    out += answer.failure ? static_cast<char>(kFirstMeaning + static_cast<char>(answer.failure->why)) : kValue;
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((bytes.size() >> shift) & 0xFF);
    out += bytes;
  }
  return out.append(nonce);
}

}  // namespace confide::fetch
