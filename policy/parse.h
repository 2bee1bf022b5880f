// The text of a policy file (TOML 1.0, confide.toml(5)) → Document. The only way from text to policy.
//
// Taken: UTF-8 up to 1 MiB, values nested at most 16 deep, at most 64 dots in one key. A file name that is not
// UTF-8 cannot be written in TOML; name it by a flag. Every error has a file, line and column; no error quotes the
// value of a variable, because people put secrets where references belong.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/diagnostic.h"
#include "policy/document.h"
#include "policy/tree.h"

namespace confide::policy {

inline constexpr size_t kMaxPolicyBytes = size_t{1} << 20;

struct ParseOptions {
  Role role = Role::kProject;
};

// `file_name` is how the file is to be named to a person. Errors: kRefused, the first complaint and how many follow.
Result<Document> parse(std::string_view text, std::string_view file_name, const ParseOptions& options = {});

// The file as a tree, without a meaning: for the build's own tables (embed_main.cc).
Result<Node> parse_tree(std::string_view text, std::string_view file_name);

// All complaints, in the file's order; a syntax error hides what stands after it.
std::vector<Diagnostic> check(std::string_view text, std::string_view file_name, const ParseOptions& options = {});

}  // namespace confide::policy
