package io.narthex.exporter.jvm;

import io.narthex.spi.config.Secret;
import io.narthex.spi.config.Setting;
import io.narthex.spi.plugin.HttpTransport.TlsSettings;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A module: rules and the JVMs that they are for. */
public record ModuleConfig(
    @Setting(
            help =
                "Rule file in the form of jmx_exporter, read again when it changes; without one"
                    + " every numeric attribute is a metric under the name made for it",
            file = true)
        String rulesFile,
    @Setting(
            help =
                "JVMs that the parameter target may name: host:port of their RMI registry, or a JMX"
                    + " URL; that of the rule file need not be repeated")
        List<String> targets,
    @Setting(
            help =
                "Regular expressions (java.util.regex, whole text) of main classes or jar files of"
                    + " local JVMs that the parameter target may name as attach:PID")
        List<String> attach,
    @Setting(help = "User name at the JMX servers; by default that of the rule file")
        String username,
    @Setting(help = "Password at the JMX servers; by default that of the rule file")
        @Nullable Secret password,
    @Setting(
            help = "File with the password, read for every scrape",
            excludes = {"password"},
            file = true)
        String passwordFile,
    @Setting(
            help = "TLS to the JMX servers; by default as `ssl` in the rule file says",
            optional = true)
        @Nullable TlsSettings tlsConfig,
    @Setting(
            help = "Whether the RMI registry uses TLS too, when the JMX servers do",
            defaultValue = "true")
        boolean registryTls,
    @Setting(
            help =
                "Longest time for one scrape; shorter than its scrape_timeout, so that there are"
                    + " jmx_scrape_error and a reason",
            defaultValue = "9s",
            min = 0.1,
            max = 110)
        Duration timeout) {
  /** Copies the lists. */
  public ModuleConfig {
    targets = List.copyOf(targets);
    attach = List.copyOf(attach);
  }

  @Override
  public String toString() {
    return "ModuleConfig[rulesFile=" + rulesFile + ", targets=" + targets + "]";
  }
}
