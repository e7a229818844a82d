#include "remedy/artefact.h"

#include <cctype>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

namespace driftcast {
namespace {

// A YAML scalar in single quotes: nothing in it means anything but itself. One that Ansible would
// take for a template is marked as none.
std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  out += "'";
  const bool template_like = text.find("{{") != std::string::npos ||
                             text.find("{%") != std::string::npos ||
                             text.find("{#") != std::string::npos;
  return template_like ? "!unsafe " + out : out;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') out += '\\';
    out += c;
  }
  return out;
}

StatusOr<std::string> Get(const PlanStep& step, const char* name) {
  const auto found = step.parameters.find(name);
  if (found == step.parameters.end())
    return InvalidArgument("a step of kind {} lacks its '{}'", StepKindName(step.kind), name);
  for (const char c : found->second)
    if (static_cast<unsigned char>(c) < 0x20)
      return InvalidArgument("'{}' holds a control character", name);
  return found->second;
}

std::string Task(const std::string& name, const std::string& module,
                 const std::vector<std::pair<std::string, std::string>>& arguments) {
  std::string out = fmt::format("    - name: {}\n      {}:\n", Quoted(name), module);
  for (const auto& [key, value] : arguments) out += fmt::format("        {}: {}\n", key, value);
  return out;
}

bool WasThere(const RemediationPlan& plan, const PlanStep& step, const std::string& path) {
  for (const auto& base : plan.base)
    if (base.resource == step.resource)
      for (const auto& key : base.observed)
        if (key.path == path) return true;
  return false;
}

// Only keys that are the first word of a line of their own, and are there.
StatusOr<std::string> LineTask(const RemediationPlan& plan, const PlanStep& step) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, Get(step, "path"));
  const bool dotted = step.resource.name.find("/sysctl.") != std::string::npos;
  if (path.find_first_of("[]/:") != std::string::npos ||
      (path.find('.') != std::string::npos && !dotted))
    return Unimplemented(
        "{} lies in a section, a block or a list, for which Ansible has no module "
        "of its own",
        path);
  if (!WasThere(plan, step, path))
    return Unimplemented("{} is not there yet, and where it belongs a playbook cannot say", path);
  const std::string key = "^([ \\t]*" + Escaped(path) + "[ \\t]*[= \\t][ \\t]*)";
  if (step.kind == StepKind::kRemoveKey)
    return Task(
        fmt::format("Remove {} from {}", path, step.resource.name), "ansible.builtin.lineinfile",
        {{"path", Quoted(step.resource.name)}, {"regexp", Quoted(key)}, {"state", "absent"}});
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, Get(step, "value"));
  // Separator and comment of the line stay.
  std::string replacement = "\\g<1>";
  for (const char c : value) replacement += c == '\\' ? std::string("\\\\") : std::string(1, c);
  return Task(fmt::format("Set {} of {}", path, step.resource.name), "ansible.builtin.replace",
              {{"path", Quoted(step.resource.name)},
               {"regexp", Quoted(key + "[^#\\n]*?([ \\t]*(#.*)?)$")},
               {"replace", Quoted(replacement + "\\g<2>")}});
}

StatusOr<std::string> MetadataTask(const PlanStep& step) {
  std::vector<std::pair<std::string, std::string>> arguments = {
      {"path", Quoted(step.resource.name)}, {"state", "file"}};
  for (const char* name : {"owner", "group", "mode"})
    if (step.parameters.contains(name)) {
      DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, Get(step, name));
      arguments.emplace_back(name, Quoted(value));
    }
  return Task("Owner and mode of " + step.resource.name, "ansible.builtin.file", arguments);
}

StatusOr<std::string> SysctlTask(const PlanStep& step) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string value, Get(step, "value"));
  const auto persist = step.parameters.find("persist");
  if (persist == step.parameters.end() || persist->second != "true")
    return Unimplemented("a live value alone has no module");
  return Task("Set " + step.resource.name, "ansible.posix.sysctl",
              {{"name", Quoted(step.resource.name)},
               {"value", Quoted(value)},
               {"sysctl_set", "true"},
               {"sysctl_file", "/etc/sysctl.d/99-driftcast.conf"}});
}

// For what has more than one line.
std::string DoubleQuoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  out += '"';
  const bool template_like = text.find("{{") != std::string::npos ||
                             text.find("{%") != std::string::npos ||
                             text.find("{#") != std::string::npos;
  return template_like ? "!unsafe " + out : out;
}

StatusOr<std::string> UnitTask(const PlanStep& step) {
  static const std::map<StepKind, std::pair<const char*, const char*>> kArguments = {
      {StepKind::kReloadUnit, {"state", "reloaded"}},
      {StepKind::kRestartUnit, {"state", "restarted"}},
      {StepKind::kStartUnit, {"state", "started"}},
      {StepKind::kStopUnit, {"state", "stopped"}},
      {StepKind::kEnableUnit, {"enabled", "true"}},
      {StepKind::kDisableUnit, {"enabled", "false"}},
      {StepKind::kMaskUnit, {"masked", "true"}},
      {StepKind::kUnmaskUnit, {"masked", "false"}},
  };
  const auto& [argument, value] = kArguments.at(step.kind);
  return Task(fmt::format("{} {}", StepKindName(step.kind), step.resource.name),
              "ansible.builtin.systemd", {{"name", Quoted(step.resource.name)}, {argument, value}});
}

StatusOr<std::string> UserTask(const PlanStep& step) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string path, Get(step, "path"));
  const bool removes = step.kind == StepKind::kRemoveKey;
  std::string value;
  if (!removes || path == "group[]") {
    DRIFTCAST_ASSIGN_OR_RETURN(value, Get(step, "value"));
  }
  std::vector<std::pair<std::string, std::string>> arguments = {
      {"name", Quoted(step.resource.name)}, {"state", "present"}, {"create_home", "false"}};
  if (!removes && (path == "shell" || path == "home" || path == "comment")) {
    arguments.emplace_back(path, Quoted(value));
  } else if (!removes && path == "password") {
    arguments.emplace_back("password_lock", "true");
  } else if (!removes && path == "max_days") {
    arguments.emplace_back("password_expire_max", Quoted(value));
  } else if (path == "expires") {  // seconds there, days here
    if (!removes && value.find_first_not_of("0123456789") != std::string::npos)
      return InvalidArgument("'expires' is a number of days");
    arguments.emplace_back(
        "expires", removes ? "-1" : fmt::format("{:.0f}", std::atof(value.c_str()) * 86400));
  } else if (!removes && path == "group[]") {
    arguments.emplace_back("groups", "[" + Quoted(value) + "]");
    arguments.emplace_back("append", "true");
  } else {
    return Unimplemented("the module for users cannot take {} away alone", path);
  }
  return Task(fmt::format("{} of {}", path, step.resource.name), "ansible.builtin.user", arguments);
}

StatusOr<std::string> StepTask(const RemediationPlan& plan, const PlanStep& step) {
  const std::string& name = step.resource.name;
  switch (step.kind) {
    case StepKind::kSetKey:
    case StepKind::kRemoveKey:
      if (step.resource.kind == "user") return UserTask(step);
      if (step.resource.kind == "mount" || step.resource.kind == "authorized_key")
        return Unimplemented("what is wanted of a {} a playbook cannot say without the rest of it",
                             step.resource.kind);
      return LineTask(plan, step);
    case StepKind::kRestoreMetadata:
      return MetadataTask(step);
    case StepKind::kSetSysctl:
      return SysctlTask(step);
    case StepKind::kInstallPackage: {
      DRIFTCAST_ASSIGN_OR_RETURN(const std::string version, Get(step, "version"));
      return Task("Install " + name, "ansible.builtin.apt",
                  {{"name", Quoted(name + "=" + version)},
                   {"state", "present"},
                   {"allow_downgrade", "true"}});
    }
    case StepKind::kHoldPackage:
    case StepKind::kUnholdPackage:
      return Task("Selection of " + name, "ansible.builtin.dpkg_selections",
                  {{"name", Quoted(name)},
                   {"selection", step.kind == StepKind::kHoldPackage ? "hold" : "install"}});
    case StepKind::kRemoveResource:
      if (step.resource.kind == "package")
        return Task("Remove " + name, "ansible.builtin.apt",
                    {{"name", Quoted(name)}, {"state", "absent"}});
      if (step.resource.kind == "user" || step.resource.kind == "group")
        return Task("Remove " + name, "ansible.builtin." + step.resource.kind,
                    {{"name", Quoted(name)}, {"state", "absent"}});
      if (step.resource.kind == "authorized_key")
        return Unimplemented(
            "the module for SSH keys wants the key itself, of which only the "
            "fingerprint is known");
      return Task("Remove " + name, "ansible.builtin.file",
                  {{"path", Quoted(name)}, {"state", "absent"}});
    case StepKind::kReloadUnit:
    case StepKind::kRestartUnit:
    case StepKind::kStartUnit:
    case StepKind::kStopUnit:
    case StepKind::kEnableUnit:
    case StepKind::kDisableUnit:
    case StepKind::kMaskUnit:
    case StepKind::kUnmaskUnit:
      return UnitTask(step);
    case StepKind::kWriteFile: {
      const auto content = step.parameters.find("content");
      const auto mode = step.parameters.find("mode");
      if (content == step.parameters.end())
        return InvalidArgument("write_file lacks its 'content'");
      return Task("Write " + name, "ansible.builtin.copy",
                  {{"dest", Quoted(name)},
                   {"content", DoubleQuoted(content->second)},
                   {"mode", Quoted(mode == step.parameters.end() ? "preserve" : mode->second)}});
    }
    case StepKind::kCheckPort: {
      DRIFTCAST_ASSIGN_OR_RETURN(const std::string port, Get(step, "port"));
      const auto host = step.parameters.find("host");
      return Task("Port " + port + " answers", "ansible.builtin.wait_for",
                  {{"host", Quoted(host == step.parameters.end() ? "127.0.0.1" : host->second)},
                   {"port", Quoted(port)},
                   {"timeout", fmt::format("{:.0f}", std::ceil(Seconds(step.timeout)))}});
    }
    default:
      return Unimplemented("a step of kind {} has no module", StepKindName(step.kind));
  }
}

}  // namespace

StatusOr<std::string> AnsiblePlaybook(const RemediationPlan& plan) {
  std::string tasks;
  for (const auto& step : plan.steps) {
    if (step.kind == StepKind::kAcceptObserved) continue;
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string task, StepTask(plan, step));
    tasks += task;
  }
  if (tasks.empty()) return Unimplemented("the plan does nothing on the host");
  return fmt::format("---\n# {}\n- name: {}\n  hosts: {}\n  become: true\n  tasks:\n{}",
                     plan.id.value, Quoted(plan.title), Quoted(plan.stack.value), tasks);
}

std::string DescribeSteps(const RemediationPlan& plan) {
  std::string out;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& step = plan.steps[i];
    out += fmt::format("{}. {} {}/{}", i + 1, StepKindName(step.kind), step.resource.kind,
                       step.resource.name);
    for (const auto& [name, value] : step.parameters) out += fmt::format(" {}={}", name, value);
    out += step.reversible ? "\n" : " (cannot be undone)\n";
  }
  return out;
}

}  // namespace driftcast
