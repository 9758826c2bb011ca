@echo off
rem Sets ConvergeCast up on Windows and starts it. Asks nothing; run again, it does only what is missing.
setlocal EnableExtensions DisableDelayedExpansion
set "HERE=%~dp0"
set "VENV=%HERE%venv"
set "PYTHON=%VENV%\Scripts\python.exe"
set "LOG=%VENV%\install.log"

set "WORD=%~1"
if "%WORD%"=="" goto word_known
if "%WORD%"=="run" goto word_known
if "%WORD%"=="test" goto word_known
if "%WORD%"=="agent" goto word_known
if "%WORD%"=="service" goto word_known
if "%WORD%"=="remove-service" goto word_known
if "%WORD%"=="-h" goto usage
if "%WORD%"=="--help" goto usage
echo install_windows.bat: "%WORD%" is not known: run, test, agent, service, remove-service, or no word to set up only.>&2
exit /b 2

:usage
echo usage: install_windows.bat                        set up: packages into venv\, models into the user's cache
echo        install_windows.bat run [serve options]    that, then the hub with a demonstration camera
echo        install_windows.bat test [pytest options]  that and what tests need, then the whole test suite
echo        install_windows.bat agent [agent options]  only what a machine with a camera needs, then the agent
echo        install_windows.bat service hub^|agent [options]
echo                                                   the same, started when you sign in by a scheduled task;
echo                                                   without options with those it had. agent-NAME: a further camera
echo        install_windows.bat remove-service hub^|agent
echo                                                   removes that
exit /b 0

:word_known
rem What follows the word, each argument with the quotes it came with.
set "REST="
shift
set "PART=%~1"
:collect
if [%1]==[] goto collected
set REST=%REST% %1
shift
goto collect
:collected
if "%WORD%"=="service" goto check_part
if "%WORD%"=="remove-service" goto check_part
goto part_known
:check_part
if "%PART%"=="hub" goto part_known
if "%PART:~0,5%"=="agent" goto part_known
echo install_windows.bat: %WORD% "%PART%" is not known: hub, agent, or agent-NAME for a further camera.>&2
exit /b 2
:part_known

rem ---- which packages: the files that list them are also the stamp of what is installed --------
set "SET=hub"
if "%WORD%"=="test" set "SET=test"
if "%WORD%"=="agent" set "SET=agent"
if "%PART:~0,5%"=="agent" if "%WORD%"=="service" set "SET=agent"
if "%PART:~0,5%"=="agent" if "%WORD%"=="remove-service" set "SET=agent"
set "WANTED=%VENV%\wanted-%SET%.txt"
set "INSTALLED=%VENV%\installed-%SET%.txt"

if not exist "%PYTHON%" goto make_venv
if exist "%VENV%\half-made" goto make_venv
"%PYTHON%" -I -c "import pip" >nul 2>nul
if errorlevel 1 goto make_venv
call :write_wanted
fc /b "%WANTED%" "%INSTALLED%" >nul 2>nul
if not errorlevel 1 goto installed
goto install

:make_venv
set "BASE=py -3"
%BASE% -c "import sys" >nul 2>nul
if not errorlevel 1 goto base_found
set "BASE=python"
%BASE% -c "import sys" >nul 2>nul
if not errorlevel 1 goto base_found
echo install_windows.bat: no Python found: install Python 3.11 or newer from python.org, then run this again.>&2
exit /b 1
:base_found
for /f "delims=" %%V in ('%BASE% -c "import platform; print(platform.python_version())"') do set "VERSION=%%V"
%BASE% -c "import sys; sys.exit(sys.version_info < (3, 11))" >nul 2>nul
if not errorlevel 1 goto base_new_enough
echo install_windows.bat: Python %VERSION% found, but 3.11 or newer is needed: install a newer one, then run this again.>&2
exit /b 1
:base_new_enough
echo Python %VERSION% found.
if exist "%VENV%" echo venv\ is incomplete: making it again.
if exist "%VENV%" rmdir /s /q "%VENV%"
echo Making venv\...
mkdir "%VENV%"
if errorlevel 1 goto no_venv
type nul >"%VENV%\half-made"
%BASE% -m venv "%VENV%" >"%LOG%" 2>&1
if errorlevel 1 goto no_venv
goto install
:no_venv
echo install_windows.bat: venv\ could not be made: is this folder writable, and is there room on the disk?>&2
exit /b 1

:install
echo Installing packages into venv\ (about 1 minute)...
if exist "%INSTALLED%" del "%INSTALLED%"
type nul >"%VENV%\half-made"
type nul >"%LOG%"
set PIP="%PYTHON%" "%HERE%scripts\install_packages.py" "%LOG%" "%PYTHON%" -m pip install --disable-pip-version-check --no-input
if "%SET%"=="agent" %PIP% -r "%HERE%requirements-agent.txt"
if "%SET%"=="hub" %PIP% -r "%HERE%requirements.txt"
if "%SET%"=="test" %PIP% -r "%HERE%requirements.txt" -r "%HERE%requirements-test.txt"
if errorlevel 1 goto pip_failed
if "%SET%"=="agent" goto packages_done
%PIP% --no-deps --editable "%HERE%."
if errorlevel 1 goto pip_failed
:packages_done
del "%VENV%\half-made"
call :write_wanted
copy /b /y "%WANTED%" "%INSTALLED%" >nul
goto installed

:pip_failed
del "%VENV%\half-made"
findstr /c:"No space left" "%LOG%" >nul
if not errorlevel 1 goto disk_full
findstr /i /c:"ConnectionError" /c:"NameResolutionError" /c:"ConnectTimeout" /c:"timed out" /c:"ProxyError" /c:"SSLError" "%LOG%" >nul
if not errorlevel 1 goto no_network
echo install_windows.bat: the packages could not be installed. The details are in venv\install.log.>&2
exit /b 1
:disk_full
echo install_windows.bat: the disk is full: make room, then run this again. The details are in venv\install.log.>&2
exit /b 1
:no_network
echo install_windows.bat: The package index could not be reached: check the network and run this again. The details are in venv\install.log.>&2
exit /b 1

:installed
if "%WORD%"=="agent" goto start_agent
if "%WORD%"=="remove-service" goto start_service
if "%WORD%%SET%"=="serviceagent" goto start_service
if not "%WORD%"=="test" goto fetch_models
call :install_node_packages
if errorlevel 1 exit /b 1
:fetch_models
"%PYTHON%" -m convergecast models fetch
if errorlevel 1 exit /b 1
if "%WORD%"=="run" goto start_hub
if "%WORD%"=="service" goto start_service
if "%WORD%"=="test" goto start_tests
echo Ready. install_windows.bat run starts the hub.
exit /b 0

:start_agent
"%PYTHON%" "%HERE%agent\agent.py" %REST%
exit /b %errorlevel%

:start_service
rem -P, since a folder named scripts may be where the user is. Without the last backslash of HERE.
set "PYTHONPATH=%HERE:~0,-1%"
"%PYTHON%" -P -B -m scripts.service %WORD% %REST%
exit /b %errorlevel%

:start_hub
"%PYTHON%" -m convergecast demo %REST%
exit /b %errorlevel%

:start_tests
cd /d "%HERE%"
"%PYTHON%" -m ruff format --check .
if errorlevel 1 exit /b 1
"%PYTHON%" -m ruff check .
if errorlevel 1 exit /b 1
"%PYTHON%" -m mypy
if errorlevel 1 exit /b 1
call "%JS%\node_modules\.bin\tsc.cmd" --project "%JS%"
if errorlevel 1 exit /b 1
call "%JS%\node_modules\.bin\eslint.cmd" --config tests/js/eslint.config.js static/js tests/js
if errorlevel 1 exit /b 1
node --disable-warning=MODULE_TYPELESS_PACKAGE_JSON --test-reporter=dot --test "tests/js/*.test.js"
if errorlevel 1 exit /b 1
"%PYTHON%" -m pytest %REST%
exit /b %errorlevel%

rem ---- what checks the page's JavaScript, by the npm of venv\ ------------------------------------
:install_node_packages
set "PATH=%VENV%\Scripts;%PATH%"
set "JS=%HERE%tests\js"
fc /b "%JS%\package-lock.json" "%JS%\node_modules\installed-package-lock.json" >nul 2>nul
if not errorlevel 1 exit /b 0
echo Installing the JavaScript checkers into tests\js\node_modules (about 10 seconds)...
call npm ci --ignore-scripts --prefix "%JS%" >"%LOG%" 2>&1
if errorlevel 1 goto npm_failed
copy /b /y "%JS%\package-lock.json" "%JS%\node_modules\installed-package-lock.json" >nul
exit /b 0
:npm_failed
findstr /c:"ENOTFOUND" /c:"EAI_AGAIN" /c:"ECONNREFUSED" /c:"ECONNRESET" /c:"ETIMEDOUT" /c:"ERR_SOCKET_TIMEOUT" "%LOG%" >nul
if not errorlevel 1 goto no_npm
echo install_windows.bat: the JavaScript checkers could not be installed. The details are in venv\install.log.>&2
exit /b 1
:no_npm
echo install_windows.bat: The npm registry could not be reached: check the network and run this again. The details are in venv\install.log.>&2
exit /b 1

rem ---- the lists of packages and Python's version, in one file --------------------------------
:write_wanted
"%PYTHON%" -I -c "import sys; print(sys.version)" >"%WANTED%"
if "%SET%"=="agent" type "%HERE%requirements-agent.txt" >>"%WANTED%"
if "%SET%"=="agent" exit /b 0
type "%HERE%requirements.txt" "%HERE%pyproject.toml" >>"%WANTED%" 2>nul
if "%SET%"=="test" type "%HERE%requirements-test.txt" >>"%WANTED%"
exit /b 0
