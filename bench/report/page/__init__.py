"""One HTML file that needs nothing else: no network, no server, no framework.

`document` puts it together from blocks (`blocks`), charts (`inline_svg`), data that scripts read (`data_block`) and the
scripts and styles of static/; templates/ holds its markup. A reader without scripts sees all that is no data.
"""
