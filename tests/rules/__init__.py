"""The rules that every film keeps: ``test_every_film`` makes each film once and asks all of them.

The module of a rule holds its check, or where it looks at more than one film at a time its own test, and a film that
breaks the rule and is caught.

 1 every text has its room             ``test_fits``      7 a preset names its telling unit      ``test_presets``
 2 a sentence carries its condition    ``test_sentences`` 8 what is not zero never reads as zero ``test_zero``
 3 the header keeps what is not usual  ``test_header``    9 one colour has one meaning           ``test_colours``
 4 everything can be read              ``test_read_in_time``                                  and ``test_key``
 5 nothing stands there for nothing    ``test_something``
 6 what is brief replaces in place     ``test_brief``
10 both ends show something            ``test_ends``
11 one number is followed              ``test_followed``

``films`` are those that they are tried on: presets, the sizes of the test grid, sizes drawn by chance. ``checks`` says
what a rule asks of a storyboard, as the list of places where it does not hold.
"""
