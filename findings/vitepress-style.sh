#!/usr/bin/env bash
# VitePress 1.6.4: a <style> inside of HTML on a page counts for who opens the page, and not for who follows a link to it.
#
# Guess: a <style> within <figure> in Markdown is on the page or, as Vue takes none in templates, the build refuses it.
# Behaviour: the page that the server sends has it; the program that shows the same page to a reader who comes from
# another page of the site has all else and not the <style>. Of two pictures, one for each ground, a reader sees one or
# both, by the way that led there, and a reload mends it. Nothing warns. What works: <style> at the left margin, in a
# block of its own: it becomes a style of the site.
# shellcheck source=findings/packages.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/packages.sh"
node_packages vitepress@1.6.4 vue@3.5.45

mkdir site
cat >site/index.md <<'END'
<style>
.apart { display: none }
</style>

<figure>
<style>
.within { display: none }
</style>
<p class="apart within">Words.</p>
</figure>
END
vitepress build site >log 2>&1
cd site/.vitepress/dist
for rule in apart within; do
  rule="\\.$rule {"
  echo "$rule page $(grep -c "^$rule" index.html)," \
    "style of the site $(cat assets/style.*.css | grep -c "${rule// /}")," \
    "program $(cat assets/index.md.*.js | grep -c "${rule// / *}")"
done | seen '\.apart { page 0, style of the site 1, program 0
\.within { page 1, style of the site 0, program 0'
